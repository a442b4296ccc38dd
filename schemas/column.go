package schemas

// Column is one column of a lake table, with the field id that Iceberg gave it.
type Column struct {
	Name      string
	ID        int
	Type      Type // Enum becomes String, Set becomes List
	Precision int
	Scale     int
	Required  bool
	Elem      *Column  // list: its element; map: its value
	Key       *Column  // map: its key, a required string
	Fields    []Column // object: its members
}

// The system columns of the lake, which precede the declared fields. A name that starts with an underscore is never a
// declared field's.
const (
	ColOp      = "_op"      // what the change did: insert, modify, remove, expire, snapshot, leave
	ColShard   = "_shard"   // the lane of its identity: <stream label>/<shard id>
	ColSeq     = "_seq"     // its sequence number there, zero-padded to 40 digits
	ColCommit  = "_commit"  // the number of the commit that brought it; absent from landed sections
	ColAt      = "_at"      // when the store made the change, UTC microseconds
	ColDate    = "dt"       // the partition's day, UTC
	ColRegion  = "region"   // the partition's region
	ColChanged = "_changed" // names of the attributes that the change touched, sorted
	ColExtra   = "_extra"   // attributes that the schema does not know, as one JSON object of DynamoDB JSON
	OldPrefix  = "old_"     // before a tracked field's name: its value before the change
)

// ColLane is the ledger's column of lanes.
const ColLane = "lane"
