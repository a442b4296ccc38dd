package record

import "time"

// Op is what a change did, as the lake's _op column spells it.
type Op string

// The operations. Expire is a removal by time to live; Snapshot is a row of a backfill or a file, not of a stream;
// Leave marks the partition that a record has moved out of.
const (
	Insert   Op = "insert"
	Modify   Op = "modify"
	Remove   Op = "remove"
	Expire   Op = "expire"
	Snapshot Op = "snapshot"
	Leave    Op = "leave"
)

// Gone reports whether the record does not exist after the operation.
func (o Op) Gone() bool { return o == Remove || o == Expire }

// Change is one change of one item. Its identity is (Shard, Seq).
type Change struct {
	Op     Op
	Shard  string    // <stream label>/<shard id>
	Seq    string    // sequence number, zero-padded to 40 digits
	At     time.Time // when the store made it, UTC; to the second on AWS, so never an order
	Keys   Item
	Before Item // nil where there was none or the view leaves it out
	After  Item // nil for Remove and Expire
}
