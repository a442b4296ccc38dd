package decode_test

import (
	"bytes"
	"testing"
)

// TestFrames changes what stands around the images of a record whose form the decoder has learnt.
func TestFrames(t *testing.T) {
	t.Parallel()
	p := newPair(t, things())
	sound := usualEvent(3)
	last := bytes.LastIndex(sound, []byte(`{"eventID"`))
	for _, c := range []struct{ old, new string }{
		{`"SizeBytes":812`, `"SizeBytes":`}, {`"SizeBytes":812`, `"SizeBytes":-1`}, {`"SizeBytes":812`, `"SizeBytes":012`}, {`"SizeBytes":812`, `"SizeBytes":1.5e3`},
		{`"SizeBytes":812`, `"SizeBytes":"812"`}, {`"SizeBytes":812`, `"SizeBytes":812,"SizeBytes":812`}, {`"SizeBytes":812,`, ``},
		{`"SequenceNumber":"0`, `"SequenceNumber":"x`}, {`"SequenceNumber":"0`, `"SequenceNumber":"\u0030`}, {`"SequenceNumber":"`, `"SequenceNumber":"","x":"`},
		{`,"SequenceNumber":"`, `,"SequenceNumber":"1","SequenceNumber":"`}, {`,"SequenceNumber":"`, `,"Keys":{},"SequenceNumber":"`},
		{`"eventID":"`, `"eventID":"\q`}, {`"eventID":"`, "\"eventID\":\"\xff"}, {`"eventID":"`, `"eventID":"\u00e9`}, {`"eventID":"0`, `"eventID":0,"x":"`},
		{`"eventName":"MODIFY"`, `"eventName":"INSERT"`}, {`"eventName":"MODIFY"`, `"eventName":"REMOVE"`}, {`"eventName":"MODIFY"`, `"eventName":"modify"`},
		{`"eventName":"MODIFY"`, `"eventName":"MODIFY","eventName":"MODIFY"`}, {`"eventName":"MODIFY"`, `"eventName":"MOD\u0049FY"`}, {`"eventVersion":"1.1"`, `"eventVersion":"1.0"`},
		{`"ApproximateCreationDateTime":1795132802`, `"ApproximateCreationDateTime":1795132802.5`}, {`"ApproximateCreationDateTime":1795132802`, `"ApproximateCreationDateTime":`},
		{`"ApproximateCreationDateTime":1795132802`, `"ApproximateCreationDateTime":17951328020000000`}, {`"Keys":{"id":{"S":"k2"}}`, `"Keys":{"id":{"S":"k2"}},"Keys":{"id":{"S":"k2"}}`},
		{`"Keys":{"id":{"S":"k2"}}`, `"Keys":{"id":{"S":"k2"},}`}, {`"Keys":{"id":{"S":"k2"}}`, `"Keys":{}`}, {`"Keys":{"id":{"S":"k2"}}`, `"Keys":{"id":{"S":"k2"},"id":{"S":"k2"}}`},
		{`,"NewImage":`, `,"NewImage":{},"NewImage":`}, {`,"OldImage":`, `,"OldImage":{},"OldImage":`}, {`,"NewImage":`, ` ,"NewImage" : `}, {`,"OldImage":`, `,"Old":`},
		{`"NEW_AND_OLD_IMAGES"`, `"NEW_IMAGE"`}, {`"},"eventSourceARN"`, `","x":1},"eventSourceARN"`}, {`"},"eventSourceARN"`, `","x":1,"x":2},"eventSourceARN"`},
		{`"},"eventSourceARN"`, `"},"eventID":"1","eventSourceARN"`}, {`stream/2026"}`, `stream/2026","x":1}`}, {`stream/2026"}`, `stream/2026","eventSourceARN":"x"}`}, {`stream/2026"}`, `stream/2027"}`},
	} {
		changed := bytes.Replace(sound[last:], []byte(c.old), []byte(c.new), 1)
		if bytes.Equal(changed, sound[last:]) {
			t.Errorf("%s is not in the record", c.old)
		}
		p.check(t, sound)
		p.check(t, append(bytes.Clone(sound[:last]), changed...))
	}
}
