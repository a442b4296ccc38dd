package record

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// Heartbeat is the attribute that makes an item a heartbeat: one that is written so that a change comes through the way
// although nobody writes. Beside its key it has nothing else. The name is reserved.
const Heartbeat = "tarn_heartbeat"

// HeartbeatKey begins the keys of heartbeats that are texts.
const HeartbeatKey = Heartbeat + "#"

// MaxHeartbeat is how many attributes a heartbeat has at most: a key of two, and its own. An item with more is a record,
// whatever its attributes are called: it must not be lost.
const MaxHeartbeat = 3

// Sent returns the value of the attribute for a heartbeat written at t.
func Sent(t time.Time) Value { return Value{Kind: N, Text: strconv.FormatInt(t.UnixMilli(), 10)} }

// IsHeartbeat reports whether an item is a heartbeat.
func IsHeartbeat(item Item) bool {
	_, ok := item[Heartbeat]
	return ok && len(item) <= MaxHeartbeat
}

// ParseHeartbeat reports whether an item in DynamoDB's JSON is a heartbeat, and when it was written: the zero Time where
// it does not say. An item that does not hold the name costs no parsing.
func ParseHeartbeat(item []byte) (sent time.Time, ok bool) {
	if !bytes.Contains(item, []byte(Heartbeat)) {
		return time.Time{}, false
	}
	var attributes map[string]struct{ S, N string }
	if err := json.Unmarshal(item, &attributes); err != nil || len(attributes) > MaxHeartbeat {
		return time.Time{}, false
	}
	if own, ok := attributes[Heartbeat]; ok {
		if ms, err := strconv.ParseInt(own.N, 10, 64); err == nil {
			sent = time.UnixMilli(ms).UTC()
		}
		return sent, true
	}
	for _, v := range attributes { // a removal may show its keys only
		if strings.HasPrefix(v.S, HeartbeatKey) && len(attributes) < MaxHeartbeat {
			return time.Time{}, true
		}
	}
	return time.Time{}, false
}
