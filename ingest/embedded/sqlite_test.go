//go:build integration

package embedded_test

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	_ "github.com/mattn/go-sqlite3"
	"github.com/tarn-lake/tarn/internal/record"
)

// sqliteJob is one create for the writer goroutine, which groups those that wait into one SQL transaction.
type sqliteJob struct {
	id, applicant, end, districtDay, start string
	image                                  []byte
	done                                   chan error
}

const sqliteSchema = `
CREATE TABLE passes (id TEXT PRIMARY KEY, applicant TEXT, ends TEXT, district TEXT, starts TEXT, image BLOB) WITHOUT ROWID;
CREATE INDEX byApplicant ON passes (applicant, ends);
CREATE INDEX byDistrict ON passes (district, starts);
CREATE TABLE applicants (id TEXT PRIMARY KEY, image BLOB) WITHOUT ROWID;
CREATE TABLE feed (seq INTEGER PRIMARY KEY, shard INTEGER, kind TEXT, new BLOB, old BLOB);`

// BenchmarkSQLite does the work of BenchmarkCreatePass as simply as SQLite can: the figure that decided for the engine.
func BenchmarkSQLite(b *testing.B) {
	db, err := sql.Open("sqlite3", filepath.Join(b.TempDir(), "store.db")+"?_journal_mode=WAL&_synchronous=FULL&_cache_size=-16384&_busy_timeout=5000")
	if err != nil {
		b.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(sqliteSchema); err != nil {
		b.Fatal(err)
	}
	for i := range 20000 {
		image := record.AppendItem(nil, record.Item{"id": record.String(fmt.Sprint(i)), "name": record.String("Rahima Khatun"), "appliedCount": record.Number("0")})
		if _, err := db.Exec(`INSERT INTO applicants VALUES (?, ?)`, fmt.Sprintf("applicant-%08d", i), image); err != nil && i == 0 {
			b.Fatal(err)
		}
	}
	jobs := make(chan *sqliteJob, 256)
	ended := make(chan error, 1)
	go func() { ended <- sqliteWriter(db, jobs) }()
	b.ResetTimer()
	cpu := cpuTime()
	took := clients(b, benchClients, func(n int) error {
		p := benchPass(n)
		j := &sqliteJob{p["id"].Text, p["applicantId"].Text, p["endAt"].Text, p["districtDay"].Text, p["startAt"].Text, record.AppendItem(nil, p), make(chan error, 1)}
		jobs <- j
		return <-j.done
	})
	b.StopTimer()
	close(jobs)
	if err := <-ended; err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64((cpuTime()-cpu).Microseconds())/float64(b.N), "µs-cpu/tx")
	report(b, took)
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
}

func sqliteWriter(db *sql.DB, jobs <-chan *sqliteJob) error {
	for j := range jobs {
		group := []*sqliteJob{j}
		for more := true; more && len(group) < 256; {
			select {
			case j, ok := <-jobs:
				if more = ok; ok {
					group = append(group, j)
				}
			default:
				more = false
			}
		}
		err := sqliteGroup(db, group)
		for _, j := range group {
			j.done <- err
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func sqliteGroup(db *sql.DB, group []*sqliteJob) (err error) {
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tx.Rollback())
		}
	}()
	var stmts [5]*sql.Stmt
	for i, text := range []string{
		`INSERT INTO passes VALUES (?, ?, ?, ?, ?, ?)`,
		`INSERT INTO feed (shard, kind, new, old) VALUES (?, ?, ?, ?)`,
		`SELECT image FROM applicants WHERE id = ?`,
		`UPDATE applicants SET image = ? WHERE id = ?`,
	} {
		if stmts[i], err = tx.Prepare(text); err != nil {
			return err
		}
		defer func() { _ = stmts[i].Close() }()
	}
	for _, j := range group {
		if err := sqliteCreate(stmts, j); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func sqliteCreate(stmts [5]*sql.Stmt, j *sqliteJob) error {
	if _, err := stmts[0].Exec(j.id, j.applicant, j.end, j.districtDay, j.start, j.image); err != nil {
		return err
	}
	if _, err := stmts[1].Exec(1, "INSERT", j.image, nil); err != nil {
		return err
	}
	var old []byte
	if err := stmts[2].QueryRow(j.applicant).Scan(&old); err != nil {
		return err
	}
	item, err := record.ParseItem(old)
	if err != nil {
		return err
	}
	sum, err := record.AddInt(item["appliedCount"].Text, 1)
	if err != nil {
		return err
	}
	item["appliedCount"] = record.Number(sum)
	image := record.AppendItem(nil, item)
	if _, err := stmts[3].Exec(image, j.applicant); err != nil {
		return err
	}
	_, err = stmts[1].Exec(2, "MODIFY", image, old)
	return err
}
