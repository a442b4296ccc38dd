package columns_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/schemas"
)

// passColumns is a history of movement passes: 31 leaves, as the benchmarks of other encoders had it.
func passColumns() []schemas.Column {
	cols := []schemas.Column{
		must(col(1, "_op", schemas.String)), must(col(2, "_shard", schemas.String)), must(col(3, "_seq", schemas.String)),
		must(col(4, "_commit", schemas.Int64)), must(col(5, "_at", schemas.Timestamp)), must(col(6, "dt", schemas.Day)),
		must(col(7, "region", schemas.String)),
	}
	for _, name := range []string{"pass_id", "applicant_phone", "pass_type", "reason", "status", "district", "thana", "from_area",
		"to_area", "approved_by", "remarks"} {
		cols = append(cols, col(len(cols)+1, name, schemas.String))
	}
	for _, name := range []string{"starts_at", "ends_at", "created_at", "updated_at"} {
		cols = append(cols, col(len(cols)+1, name, schemas.Timestamp))
	}
	for _, name := range []string{"members", "scan_count", "version"} {
		cols = append(cols, col(len(cols)+1, name, schemas.Int32))
	}
	fee := col(len(cols)+1, "fee", schemas.Decimal)
	fee.Precision, fee.Scale = 10, 2
	cols = append(cols, fee, col(27, "has_vehicle", schemas.Boolean), col(28, "old_status", schemas.String),
		col(29, "old_district", schemas.String))
	return append(cols, listOf(col(30, "_changed", schemas.List), must(col(32, "", schemas.String))), col(31, "_extra", schemas.String))
}

// passes fills a batch with believable passes, the same for the same seed.
func passes(b *columns.Batch, n int, seed uint64) {
	g := rand.New(rand.NewPCG(seed, 7))
	districts := []string{"Dhaka", "Chattogram", "Sylhet", "Khulna", "Rajshahi", "Barishal", "Rangpur", "Mymensingh"}
	regions := []string{"dhaka", "chattogram", "sylhet", "khulna", "rajshahi", "barishal", "rangpur", "mymensingh"}
	text := func(path string, format string, args ...any) {
		l := b.Leaf(path)
		l.Arena = fmt.Appendf(l.Arena, format, args...)
		l.Offsets = append(l.Offsets, uint32(len(l.Arena)))
		l.Present()
	}
	at := int64(1763690000000000)
	for i := range n {
		at += int64(g.IntN(2000)) * 1000
		where := min(g.IntN(12), 7)
		text("_op", "%s", [...]string{"insert", "modify", "modify"}[g.IntN(3)])
		text("_shard", "2026-11-20T00:00:00.000/shardId-%011d", 7)
		text("_seq", "%040d", 100000000000000000+uint64(i)*uint64(37))
		b.Leaf("_commit").AppendInt64(12)
		b.Leaf("_at").AppendInt64(at)
		b.Leaf("dt").AppendInt32(20777 + int32(g.IntN(2)))
		text("region", "%s", regions[where])
		text("pass_id", "%016x%016x", g.Uint64(), g.Uint64())
		text("applicant_phone", "+8801%09d", g.IntN(1e9))
		text("pass_type", "type-%d", g.IntN(4))
		text("reason", "reason-%d", g.IntN(14))
		text("status", "%s", [...]string{"pending", "approved", "approved", "used", "rejected"}[g.IntN(5)])
		text("district", "%s", districts[where])
		text("thana", "%s-%d", districts[where], g.IntN(12))
		text("from_area", "House %d, Road %d", g.IntN(99), g.IntN(40))
		text("to_area", "Market %d", g.IntN(300))
		if g.IntN(3) > 0 {
			text("approved_by", "officer-%d", g.IntN(50))
		}
		day := at - at%86_400_000_000
		b.Leaf("starts_at").AppendInt64(day + int64(g.IntN(24))*3_600_000_000)
		b.Leaf("ends_at").AppendInt64(day + int64(24+g.IntN(24))*3_600_000_000)
		b.Leaf("created_at").AppendInt64(at - int64(g.IntN(1e6))*1000)
		b.Leaf("updated_at").AppendInt64(at)
		b.Leaf("members").AppendInt32(int32(1 + g.IntN(4)))
		b.Leaf("scan_count").AppendInt32(int32(g.IntN(3)))
		b.Leaf("version").AppendInt32(int32(1 + g.IntN(5)))
		b.Leaf("fee").AppendInt64(int64(g.IntN(20)) * 500)
		b.Leaf("has_vehicle").AppendBool(g.IntN(4) == 0)
		if g.IntN(3) > 0 {
			text("old_status", "pending")
			text("old_district", "%s", districts[where])
			text("_changed.element", "status")
			text("_changed.element", "updated_at")
			b.Leaf("_changed.element").Repeat()
		}
		b.EndRow()
	}
}
