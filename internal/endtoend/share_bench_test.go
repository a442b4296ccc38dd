//go:build integration

package endtoend_test

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tarn-lake/tarn/ingest/dynamo"
	"github.com/tarn-lake/tarn/internal/cloud"
	"github.com/tarn-lake/tarn/internal/integration"
)

// BenchmarkWholeWayOnAWS writes changes into DynamoDB Local as fast as it takes them, while `tarn up` brings them through its
// stream into a bucket of versitygw and tables in moto's Glue, and says whose processor time a change costs. Where the lake is
// never long behind the last write, and most of the time is DynamoDB Local's, neither the poller nor the committer holds anything
// up.
func BenchmarkWholeWayOnAWS(b *testing.B) {
	const changes, writers, batch = 20_000, 4, 25
	s := onAWS(b)
	s.args = append(s.args, "--schemas", wideFolder(b))
	p := s.start(b)
	w := wideWriter{b, s}
	client, spent := w.client(), w.parts(p)
	began, before := time.Now(), spent()
	var wrote, behind time.Duration
	rounds := 0
	for b.Loop() {
		first := time.Now()
		w.write(client, rounds*changes, changes, writers, batch)
		rounds++
		last := time.Now()
		p.until("the lake has all", func() bool { return p.one("SELECT count(*) FROM parts_changes") == fmt.Sprint(rounds*changes) })
		wrote, behind = wrote+last.Sub(first), behind+time.Since(last)
	}
	all, elapsed := float64(rounds*changes), time.Since(began)
	b.ReportMetric(all/wrote.Seconds(), "changes/s-written")
	b.ReportMetric(all/(wrote+behind).Seconds(), "changes/s-into-the-lake")
	b.ReportMetric(behind.Seconds()/float64(rounds), "s-behind-the-last-write")
	var sum time.Duration
	after := spent()
	for _, d := range after {
		sum += d
	}
	for _, d := range before {
		sum -= d
	}
	for name, d := range after {
		b.ReportMetric(float64((d-before[name]).Microseconds())/all, "µs-of-"+name+"/change")
		b.ReportMetric(100*(d-before[name]).Seconds()/sum.Seconds(), "%-of-"+name)
	}
	b.ReportMetric(sum.Seconds()/elapsed.Seconds(), "cores-busy")
	b.ReportMetric(0, "ns/op")
	p.stop()
}

const texts = 20 // fields of a record beside its id and number

// wideFolder holds the schema of records of some width.
func wideFolder(b *testing.B) string {
	b.Helper()
	dir, more := partsFolder(b), ""
	for k := range texts {
		more += fmt.Sprintf("  - {name: text%02d, type: string}\n", k)
	}
	if err := os.WriteFile(filepath.Join(dir, "parts.yaml"), []byte(strings.Replace(partsYAML, "region:", more+"region:", 1)), 0o600); err != nil {
		b.Fatal(err)
	}
	return dir
}

// wideWriter writes such records.
type wideWriter struct {
	b *testing.B
	s setup
}

func (w wideWriter) client() *dynamodb.Client {
	w.b.Helper()
	c, err := cloud.Load(w.b.Context(), cloud.Settings{Region: integration.Region, Endpoint: w.s.args[3], Key: integration.Key, Secret: integration.Secret})
	if err != nil {
		w.b.Fatal(err)
	}
	return dynamo.Client(c)
}

// parts returns who takes part, and what each has used of the processors.
func (w wideWriter) parts(p *process) func() map[string]time.Duration {
	w.b.Helper()
	port := func(text string) string {
		at, err := url.Parse(text)
		if err != nil {
			w.b.Fatal(err)
		}
		return at.Port()
	}
	pids := map[string]int{"tarn": p.cmd.Process.Pid, "writer": os.Getpid()}
	for name, at := range map[string]string{"dynamodb-local": w.s.args[3], "versitygw": w.s.setting("TARN_S3_ENDPOINT"), "moto": w.s.setting("TARN_GLUE_ENDPOINT")} {
		pids[name] = integration.Process(w.b, port(at))
	}
	return func() map[string]time.Duration {
		used := map[string]time.Duration{}
		for name, pid := range pids {
			used[name] = integration.ProcessorTime(w.b, pid)
		}
		return used
	}
}

// write puts new records, 25 in a request.
func (w wideWriter) write(client *dynamodb.Client, from, count, writers, batch int) {
	w.b.Helper()
	next := make(chan int)
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for i := range next {
				if err := w.put(client, i, batch); err != nil {
					w.b.Error(err)
				}
			}
		})
	}
	for i := from; i < from+count; i += batch {
		next <- i
	}
	close(next)
	all.Wait()
}

func (w wideWriter) put(client *dynamodb.Client, from, count int) error {
	var puts []types.WriteRequest
	for i := from; i < from+count; i++ {
		item := map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: fmt.Sprintf("p%08d", i)}, "n": &types.AttributeValueMemberN{Value: fmt.Sprint(i)}}
		for k := range texts {
			item[fmt.Sprintf("text%02d", k)] = &types.AttributeValueMemberS{Value: fmt.Sprintf("a value of some length, number %d", i%(k+7))}
		}
		puts = append(puts, types.WriteRequest{PutRequest: &types.PutRequest{Item: item}})
	}
	for left := map[string][]types.WriteRequest{"parts": puts}; len(left) > 0; {
		out, err := client.BatchWriteItem(w.b.Context(), &dynamodb.BatchWriteItemInput{RequestItems: left})
		if err != nil {
			return err
		}
		left = out.UnprocessedItems
	}
	return nil
}
