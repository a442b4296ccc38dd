package dynamo_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/stream/dynamo"
)

// answered is a record as the service writes it, with what could be mistaken for the members that are looked for.
func answered(n int) string {
	return fmt.Sprintf(`{"eventID":"e%d","eventName":"REMOVE","eventVersion":"1.1","eventSource":"aws:dynamodb","awsRegion":"eu-west-1","dynamodb":{"ApproximateCreationDateTime":1795640640.000,`+
		`"Keys":{"id":{"S":"a"}},"OldImage":{"id":{"S":"\"SequenceNumber\":\"7\",\"eventID\":\"x\""},"SequenceNumber":{"N":"1"},"NextShardIterator":{"S":"\\"},"userIdentity":{"M":{"Type":{"S":"Service"}}},`+
		`"ApproximateCreationDateTime":{"S":"\"PrincipalId\":\"P\""}},"SequenceNumber":"%021d","SizeBytes":33,"StreamViewType":"NEW_AND_OLD_IMAGES"},`+
		`"userIdentity":{"PrincipalId":"dynamodb.amazonaws.com","Type":"Service"}}`, n, n)
}

func page(records ...string) string {
	return `{"Records":[` + strings.Join(records, ",") + `],"NextShardIterator":"arn:x|1|abc=="}`
}

func TestPagesAreReadWithoutTakingThemApart(t *testing.T) {
	t.Parallel()
	got, next, err := dynamo.ReadPage([]byte(page(answered(5), answered(6), answered(9))))
	if err != nil || got.Records != 3 || got.First.Short() != "5" || got.Last.Short() != "9" || next != "arn:x|1|abc==" {
		t.Errorf("got %d records from %s to %s, next %q, %v", got.Records, got.First, got.Last, next, err)
	}
	if n := bytes.Count(got.Body, []byte(`"userIdentity":{"principalId":"dynamodb.amazonaws.com","type":"Service"}`)); n != 3 {
		t.Errorf("%d records name who removed them as events do: %s", n, got.Body)
	}
	if !bytes.Contains(got.Body, []byte(`"\"PrincipalId\":\"P\""`)) || !bytes.Contains(got.Body, []byte(`"userIdentity":{"M":{"Type":{"S":"Service"}}}`)) {
		t.Errorf("the image was changed: %s", got.Body)
	}
}

func TestPagesInOtherFormsAreReadTheSame(t *testing.T) {
	t.Parallel()
	plain := page(answered(5), answered(6))
	want, wantNext, err := dynamo.ReadPage([]byte(plain))
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string]string{
		"spaces":           strings.ReplaceAll(plain, `"SequenceNumber":"`, `"SequenceNumber" : "`),
		"an escape":        strings.Replace(plain, "arn:x", `arn\u003ax`, 1),
		"iterator first":   `{"NextShardIterator":"arn:x|1|abc==","Records":[` + answered(5) + "," + answered(6) + `]}`,
		"an id left out":   strings.Replace(plain, `"eventID":"e5",`, "", 1),
		"time as exponent": strings.ReplaceAll(plain, "1795640640.000", "1.79564064E9"),
	} {
		got, next, err := dynamo.ReadPage([]byte(body))
		got.Body, want.Body = nil, nil
		if diff := cmp.Diff(want, got); diff != "" || next != wantNext || err != nil {
			t.Errorf("%s: next %q, %v\n%s", name, next, err, diff)
		}
	}
	for name, body := range map[string]string{"cut": plain[:100], "nothing": "", "a bad number": page(strings.Replace(answered(5), "000000000000000000005", "five", 1))} {
		if _, _, err := dynamo.ReadPage([]byte(body)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if got, _, err := dynamo.ReadPage([]byte(`{"Records":[]}`)); err != nil || got.Records != 0 || got.Body != nil {
		t.Errorf("an empty page: %+v, %v", got, err)
	}
}

func FuzzReadPage(f *testing.F) {
	f.Add("a", "b", uint16(1))
	f.Add(`"SequenceNumber":"`, `\"eventID\":\"`, uint16(2))
	f.Fuzz(func(t *testing.T, name, text string, n uint16) {
		item := record.AppendItem(nil, record.Item{strings.ToValidUTF8(name, "?"): record.String(strings.ToValidUTF8(text, "?"))})
		record := fmt.Sprintf(`{"eventID":"e","dynamodb":{"ApproximateCreationDateTime":1795640640,"NewImage":%s,"SequenceNumber":"%021d"}}`, item, n)
		body := []byte(page(record, record))
		got, next, err := dynamo.ReadPage(bytes.Clone(body))
		want, wantNext, wantErr := dynamo.ReadSlowly(body)
		if err != nil || wantErr != nil {
			t.Fatalf("got %v, want %v for %s", err, wantErr, body)
		}
		got.Body, want.Body = nil, nil
		if diff := cmp.Diff(want, got); diff != "" || next != wantNext {
			t.Fatalf("%s: %s", body, diff)
		}
	})
}

func BenchmarkReadPage(b *testing.B) {
	var records []string
	for i := range 600 {
		records = append(records, strings.Replace(answered(i), `{"S":"a"}`, `{"S":"`+strings.Repeat("x", 900)+`"}`, 1))
	}
	body := []byte(page(records...))
	for _, way := range []struct {
		name string
		read func([]byte) error
	}{
		{"patterns", func(b []byte) error { _, _, err := dynamo.ReadPage(b); return err }},
		{"json", func(b []byte) error { _, _, err := dynamo.ReadSlowly(b); return err }},
	} {
		b.Run(way.name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if err := way.read(body); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*600), "ns/record")
		})
	}
}
