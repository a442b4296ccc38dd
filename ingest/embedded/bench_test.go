package embedded_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/embedded"
	"github.com/tarn-lake/tarn/internal/record"
)

const benchClients = 64

// benchTables are passes and applicants as the Movement Pass domain stores them: two indexes, two feeds.
func benchTables() []ingest.Table {
	text := func(partition, sort string) ingest.TableKey {
		return ingest.TableKey{Partition: partition, PartitionKind: record.S, Sort: sort, SortKind: record.S}
	}
	id := ingest.TableKey{Partition: "id", PartitionKind: record.S}
	return []ingest.Table{
		{Name: "passes", Stream: "passes", Key: id, Indexes: []ingest.TableIndex{
			{Name: "byApplicant", Key: text("applicantId", "endAt")}, {Name: "byDistrict", Key: text("districtDay", "startAt")},
		}},
		{Name: "applicants", Stream: "applicants", Key: id},
	}
}

// benchPass returns an item of about 800 bytes as DynamoDB JSON.
func benchPass(n int) record.Item {
	start := time.Unix(1763600000+int64(n)%86400, 0).UTC().Format("2006-01-02T15:04:05.000Z")
	return record.Item{
		"id": record.String(fmt.Sprintf("%032x", uint64(n)*0x9e3779b97f4a7c15)), "applicantId": record.String(fmt.Sprintf("applicant-%08d", uint32(n)*2654435761>>8%20000)),
		"fromLocation": record.String("House 12, Road 5, Dhanmondi"), "toLocation": record.String("Sylhet Sadar Upazila, Zindabazar"),
		"district": record.Number("27"), "thana": record.Number("312"), "startAt": record.String(start), "endAt": record.String(start),
		"durationInHour": record.Number("4"), "type": record.String("R"), "reason": record.String("to buy medicine and groceries"),
		"includeVehicle": record.Bool(true), "vehicleNo": record.String("DHAKA METRO GA 11-2345"), "selfDriven": record.Bool(false),
		"driverName": record.String("Abdul Karim"), "driverLicenseNo": record.String("DK1234567890"), "status": record.String("APPLIED"),
		"createdAt": record.String(start), "districtDay": record.String("27#" + start[:10]), "version": record.Number("1"),
	}
}

func benchCreate(n int) []ingest.Action {
	pass := benchPass(n)
	return []ingest.Action{
		{Kind: ingest.Put, Table: "passes", Item: pass, If: []ingest.Condition{{Test: ingest.Missing}}},
		{Kind: ingest.Update, Table: "applicants", Key: ingest.Key{Partition: pass["applicantId"]}, Add: map[string]int64{"appliedCount": 1},
			If: []ingest.Condition{{Test: ingest.Exists}}},
	}
}

func benchApplicants(b testing.TB, s *embedded.Store, n int) {
	b.Helper()
	writes := make([]embedded.Bulk, n)
	for i := range writes {
		writes[i].Actions = []ingest.Action{{Kind: ingest.Put, Table: "applicants", Item: record.Item{
			"id": record.String(fmt.Sprintf("applicant-%08d", i)), "name": record.String("Rahima Khatun"), "district": record.Number("27"),
			"thana": record.Number("312"), "dateOfBirth": record.String("1987-03-14"), "gender": record.String("F"), "phone": record.String("01712345678"),
			"idNumber": record.String("19871234567890123"), "photo": record.String("https://photos.example/a/12345.jpg"),
			"appliedCount": record.Number("0"), "approvedCount": record.Number("0"), "rejectedCount": record.Number("0"),
		}}}
	}
	if err := s.WriteBulk(context.Background(), writes); err != nil {
		b.Fatal(err)
	}
}

func openBench(b testing.TB) *embedded.Store {
	b.Helper()
	s, err := embedded.Open(filepath.Join(b.TempDir(), "store"), benchTables(), embedded.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	return s
}

// BenchmarkCreatePass writes, from 64 clients, a pass under the condition that it is new and its applicant's counter:
// one transaction, two index entries, two feed records.
func BenchmarkCreatePass(b *testing.B) {
	s := openBench(b)
	benchApplicants(b, s, 20000)
	b.ResetTimer()
	cpu := cpuTime()
	took := clients(b, benchClients, func(n int) error { return s.Write(context.Background(), benchCreate(n)...) })
	b.StopTimer()
	b.ReportMetric(float64((cpuTime()-cpu).Microseconds())/float64(b.N), "µs-cpu/tx")
	report(b, took)
	st := s.Stats()
	b.ReportMetric(float64(st.SyncTime.Microseconds())/float64(max(st.Syncs, 1)), "µs/sync")
	b.ReportMetric(float64(st.Writes)/float64(max(st.Syncs, 1)), "tx/sync")
	b.ReportMetric(float64(st.Memory)/1e6, "MB-engine")
}

// cpuTime returns the processor time that this process has used, which other load on the machine hardly changes.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// clients runs b.N writes from so many goroutines and returns what each took.
func clients(b *testing.B, n int, write func(n int) error) []time.Duration {
	b.Helper()
	took := make([]time.Duration, b.N)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= b.N {
					return
				}
				start := time.Now()
				if err := write(i); err != nil {
					b.Error(err)
					return
				}
				took[i] = time.Since(start)
			}
		})
	}
	wg.Wait()
	return took
}

// report adds rate and latencies, and beside them what the disk and the machine were like.
func report(b *testing.B, took []time.Duration) {
	b.Helper()
	slices.Sort(took)
	at := func(q float64) float64 { return float64(took[int(q*float64(len(took)-1))].Microseconds()) / 1000 }
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tx/s")
	b.ReportMetric(at(0.5), "p50-ms")
	b.ReportMetric(at(0.99), "p99-ms")
	b.ReportMetric(at(1), "max-ms")
	b.ReportMetric(float64(fsyncMedian(b).Microseconds()), "µs-fdatasync-p50")
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		b.Logf("load: %s", strings.TrimSpace(string(load)))
	}
}

// fsyncMedian appends to a file and syncs it, as a log does.
func fsyncMedian(b *testing.B) time.Duration {
	b.Helper()
	f, err := os.Create(filepath.Join(b.TempDir(), "sync"))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = f.Close() }() // the file is of no worth
	took := make([]time.Duration, 50)
	page := make([]byte, 4096)
	for i := range took {
		if _, err := f.Write(page); err != nil {
			b.Fatal(err)
		}
		start := time.Now()
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
		took[i] = time.Since(start)
	}
	slices.Sort(took)
	return took[len(took)/2]
}

// BenchmarkBulk loads history, one put a transaction: passes of 800 bytes with two index entries, counters of 150 bytes
// with none.
func BenchmarkBulk(b *testing.B) {
	b.Run("passes", func(b *testing.B) { bulk(b, "passes", benchPass) })
	b.Run("small", func(b *testing.B) {
		bulk(b, "applicants", func(n int) record.Item {
			return record.Item{"id": record.String(fmt.Sprintf("applicant-%012d", n)), "district": record.Number("27"), "appliedCount": record.Number("1")}
		})
	})
}

func bulk(b *testing.B, table string, item func(int) record.Item) {
	s := openBench(b)
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	const batch = 10_000
	cpu := cpuTime()
	b.ResetTimer()
	for from := 0; from < b.N; from += batch {
		writes := make([]embedded.Bulk, min(batch, b.N-from))
		for i := range writes {
			writes[i] = embedded.Bulk{At: at, Actions: []ingest.Action{{Kind: ingest.Put, Table: table, Item: item(from + i)}}}
		}
		if err := s.WriteBulk(context.Background(), writes); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((cpuTime()-cpu).Microseconds())/float64(b.N), "µs-cpu/write")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
}

// BenchmarkFeed reads a history of changes, half of them with an old image.
func BenchmarkFeed(b *testing.B) {
	s := openBench(b)
	benchApplicants(b, s, 20000)
	clients(b, benchClients, func(n int) error { return s.Write(context.Background(), benchCreate(n)...) })
	b.ResetTimer()
	records, bytes := 0, 0
	for _, stream := range []string{"passes", "applicants"} {
		shards, err := s.Shards(context.Background(), stream)
		if err != nil {
			b.Fatal(err)
		}
		for _, sh := range shards {
			page, err := s.Read(context.Background(), stream, sh, "", 1000)
			for ; err == nil && page.Records > 0; page, err = s.Read(context.Background(), stream, sh, page.Last, 1000) {
				records += page.Records
				bytes += len(page.Body)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(records)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(bytes)/float64(max(records, 1)), "bytes/record")
}
