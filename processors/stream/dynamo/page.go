package dynamo

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/feed"
	"github.com/tarn-lake/tarn/internal/lake"
)

// answer is what a page says of itself.
type answer struct {
	feed.Page
	next string    // the iterator of the next page; empty: the shard has ended
	made time.Time // when the newest record was made
}

// Members of a page, as the service writes them. No such text can stand inside an item: there an object follows every
// name, and a backslash goes before every quote.
var (
	nextMember = []byte(`"NextShardIterator":"`)
	seqMember  = []byte(`"SequenceNumber":"`)
	madeMember = []byte(`"ApproximateCreationDateTime":`)
	whoMember  = []byte(`"userIdentity":{`)
)

// read finds in a page what its reader must know, without taking the records apart: decoding does that once, later. A
// page that is not written as the service writes them is read slowly.
func read(body []byte) (answer, error) {
	a := answer{}
	n, first, last := sequences(body)
	made, okMade := lastMade(body)
	next, okNext := iteratorOf(body)
	if n == 0 || first == "" || last == "" || !okMade || !okNext {
		return slow(body)
	}
	a.Records, a.next = n, next
	return a.finish(body, first, last, made)
}

// sequences counts the records by their sequence numbers and returns the first and the last of these. It looks for the
// rarest letter of the member's name: that is several times faster than looking for its first, the quote.
func sequences(body []byte) (n int, first, last string) {
	const rare = 'q'
	at := bytes.IndexByte(seqMember, rare)
	begin := -1
	for i := 0; ; i++ {
		step := bytes.IndexByte(body[i:], rare)
		if step < 0 {
			break
		}
		if i += step; i < at || !bytes.HasPrefix(body[i-at:], seqMember) {
			continue
		}
		if begin = i - at + len(seqMember); n == 0 {
			first, _ = text(body, begin)
		}
		n++
	}
	if n > 0 {
		last, _ = text(body, begin)
	}
	return n, first, last
}

// iteratorOf returns the next page's iterator, which stands before the records or behind them; empty where there is none.
func iteratorOf(body []byte) (string, bool) {
	const tail = 4 << 10 // more than an iterator has
	for _, from := range []int{0, max(0, len(body)-tail)} {
		part := body[from:min(from+tail, len(body))]
		if i := bytes.Index(part, nextMember); i >= 0 {
			return text(body, from+i+len(nextMember))
		}
	}
	return "", !bytes.Contains(body, nextMember)
}

// text returns the string whose content begins at i, where it needs no unescaping.
func text(body []byte, i int) (string, bool) {
	n := bytes.IndexByte(body[i:], '"')
	if n < 0 || bytes.IndexByte(body[i:i+n], '\\') >= 0 {
		return "", false
	}
	return string(body[i : i+n]), true
}

// lastMade returns the newest record's time. An attribute may have the member's name, but no number follows it.
func lastMade(body []byte) (float64, bool) {
	for {
		i := bytes.LastIndex(body, madeMember)
		if i < 0 {
			return 0, false
		}
		rest := body[i+len(madeMember):]
		if n := bytes.IndexAny(rest, ",}{"); n > 0 && rest[n] != '{' {
			made, err := strconv.ParseFloat(string(rest[:n]), 64)
			return made, err == nil
		}
		body = body[:i]
	}
}

// slow reads a page in whatever form its JSON has.
func slow(body []byte) (answer, error) {
	var p struct {
		NextShardIterator string
		Records           []struct {
			DynamoDB struct {
				ApproximateCreationDateTime float64
				SequenceNumber              string
			} `json:"dynamodb"`
		}
	}
	if err := json.Unmarshal(body, &p); err != nil {
		return answer{}, fault.Wrap(fault.Transient, err, "a page of the stream cannot be read as JSON")
	}
	a := answer{next: p.NextShardIterator}
	if a.Records = len(p.Records); a.Records == 0 {
		return a, nil
	}
	first, last := p.Records[0].DynamoDB, p.Records[len(p.Records)-1].DynamoDB
	return a.finish(body, first.SequenceNumber, last.SequenceNumber, last.ApproximateCreationDateTime)
}

func (a answer) finish(body []byte, first, last string, made float64) (answer, error) {
	var err error
	if a.First, err = lake.ParseSeq(first); err != nil {
		return answer{}, err
	}
	if a.Last, err = lake.ParseSeq(last); err != nil {
		return answer{}, err
	}
	a.made = time.UnixMicro(int64(math.Round(made * 1e6))).UTC()
	a.Body = asEvent(body)
	return a, nil
}

// asEvent makes the page an event as functions get it. They differ in the names of who removed a record, and only in
// their first letters, so it is done in place.
func asEvent(body []byte) []byte {
	for at := 0; ; {
		i := bytes.Index(body[at:], whoMember)
		if i < 0 {
			return body
		}
		at += i + len(whoMember)
		who := body[at:]
		who = who[:max(0, bytes.IndexByte(who, '}'))]
		for _, m := range [][]byte{[]byte(`"PrincipalId":"`), []byte(`"Type":"`)} {
			if j := bytes.Index(who, m); j >= 0 {
				who[j+1] |= 0x20 // lower case
			}
		}
	}
}
