package decode_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/schemas"
)

const beatItem = `{"id":{"S":"tarn_heartbeat#3"},"n64":{"N":"-9223372036854775805"},"tarn_heartbeat":{"N":"1795132800123"}}`

func happened(name string, seq int, images string) string {
	return fmt.Sprintf(`{"eventName":%q,"dynamodb":{"ApproximateCreationDateTime":%d,"SequenceNumber":"%d",%s}}`, name, 1795132800+seq, seq, images)
}

// TestHeartbeatsAreNoRows: a heartbeat counts for how far the lane is, and for nothing else.
func TestHeartbeatsAreNoRows(t *testing.T) {
	t.Parallel()
	keys := `"Keys":{"id":{"S":"tarn_heartbeat#3"},"n64":{"N":"1"}}`
	for _, c := range []struct {
		name, record      string
		beats, rows, sent int
	}{
		{"written", happened("INSERT", 9, `"NewImage":`+beatItem), 1, 2, 1},
		{"written again", happened("MODIFY", 9, keys+`,"NewImage":`+beatItem+`,"OldImage":`+beatItem), 1, 2, 1},
		{"removed", happened("REMOVE", 9, keys+`,"OldImage":`+beatItem), 1, 2, 1},
		{"removed, keys only", happened("REMOVE", 9, keys), 1, 2, 0},
		{"a record that has the attribute too is a record",
			happened("INSERT", 9, `"NewImage":{"id":{"S":"a"},"n64":{"N":"1"},"n32":{"N":"1"},"tarn_heartbeat":{"N":"1"}}`), 0, 3, 0},
		{"a removal of a record", happened("REMOVE", 9, `"Keys":`+item+`,"OldImage":`+item), 0, 3, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			info, out := mustEvent(t, event(sound(4, item), c.record, sound(6, item)), things())
			beats := rowsOf(out.Batch(schemas.HeartbeatTable))
			if len(beats) != c.beats || out.Batch("things").Rows() != c.rows || info.Bad != 0 || info.Records != 3 || info.Last.Short() != "9" {
				t.Fatalf("got %+v, %d rows, %v", info, out.Batch("things").Rows(), beats)
			}
			for _, b := range beats {
				if b["_seq"] != strings.Repeat("0", 39)+"9" || b["_shard"] != lane || b["stream"] != "things_v1" || (b["sent"] != nil) != (c.sent > 0) {
					t.Errorf("got %v", b)
				}
			}
		})
	}
}

// TestHeartbeatsOfSharedStreams: no dataset claims them, and they are not bad for that.
func TestHeartbeatsOfSharedStreams(t *testing.T) {
	t.Parallel()
	a, b := things(), things()
	b.Name = "others"
	a.Discriminator = &schemas.Discriminator{Attribute: "kind", Values: []string{"a"}}
	b.Discriminator = &schemas.Discriminator{Attribute: "kind", Values: []string{"b"}}
	info, out := mustEvent(t, event(happened("INSERT", 5, `"NewImage":`+beatItem)), a, b)
	if info.Records != 1 || info.Bad != 0 || out.Batch(schemas.HeartbeatTable).Rows() != 1 || out.Batch(schemas.QuarantineTable).Rows() != 0 {
		t.Errorf("got %+v, %d heartbeats", info, out.Batch(schemas.HeartbeatTable).Rows())
	}
}
