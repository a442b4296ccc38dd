package decode_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// usual is an item of things as programs write it: every value in its most frequent form, so that the short ways are taken.
const usual = `{"id":{"S":"k%d"},"n64":{"N":"1043"},"n32":{"N":"12345678"},"d9":{"N":"120.5"},"d18":{"N":"7"},"d38":{"N":"-12.5"},"flag":{"BOOL":true},` +
	`"day":{"S":"2026-11-20"},"when":{"S":"2026-11-20T04:05:06.789Z"},"epoch":{"N":"1795132800"},"millis":{"N":"1795132800123"},"code":{"S":"A"},` +
	`"bin":{"B":"AQI="},"tags":{"L":[{"S":"x"},{"S":"y"}]},"nums":{"NS":["1","2"]},"attrs":{"M":{"k":{"N":"1"}}},` +
	`"address":{"M":{"state":{"S":"TX"},"zip":{"N":"7"}}},"phone":{"S":"01712345678"},"note":{"S":"আব্দুল করিম, ab\"cd"},"other":{"S":"unknown"},` +
	`"words":{"L":[{"S":"মিরপুর ১০"},{"S":"long enough for two words"}]},"says":{"M":{"fever":{"S":"no"},"mask":{"S":"yes"}}}}`

// usualEvent returns an event of n changes in their usual form. The images differ in one value.
func usualEvent(n int) []byte {
	var all []string
	for i := range n {
		now := fmt.Sprintf(usual, i)
		was := strings.Replace(now, `"1043"`, `"1042"`, 1)
		all = append(all, fmt.Sprintf(`{"eventID":"%032x","eventName":"MODIFY","eventVersion":"1.1","eventSource":"aws:dynamodb","awsRegion":"ap-south-1","dynamodb":`+
			`{"ApproximateCreationDateTime":%d,"Keys":{"id":{"S":"k%d"}},"NewImage":%s,"OldImage":%s,"SequenceNumber":"%021d","SizeBytes":812,`+
			`"StreamViewType":"NEW_AND_OLD_IMAGES"},"eventSourceARN":"arn:aws:dynamodb:ap-south-1:000000000000:table/things/stream/2026"}`, i, 1795132800+i, i, now, was, 1000+i))
	}
	return []byte(event(all...))
}

func TestDamagedBytes(t *testing.T) {
	t.Parallel()
	damage(t, 61)
}

// damage puts every unpleasant byte at every place, or every step-th, of a record that the decoder has learnt the form of.
func damage(t *testing.T, step int) {
	t.Helper()
	p := newPair(t, things())
	sound := usualEvent(3)
	p.check(t, sound)
	last := bytes.LastIndex(sound, []byte(`{"eventID"`))
	for at := last; at < len(sound); at += step {
		for _, c := range []byte("\"\\\x00\x1f \n{}[],:09-.eZ\x80\xa0\xbf\xc0\xe0\xed\xf0\xff") {
			if body := bytes.Clone(sound); body[at] != c {
				body[at] = c
				p.check(t, body)
			}
		}
		p.check(t, append(bytes.Clone(sound[:at]), sound[at+1:]...))
		p.check(t, sound[:at])
	}
}
