package cost

import (
	"fmt"
	"strings"
)

// Text is the comparison for people: the three bills side by side, Tarn's by position, and what it rests on.
func (c *Comparison) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s changes a month of %s bytes, %s viewers, %s, US dollars a month\n\n", grouped(c.Load.Changes), grouped(c.Load.RecordBytes), grouped(c.Load.Viewers), c.Region)
	b.WriteString(c.Summary() + "\n")
	for _, bill := range []Bill{c.Tarn, c.Firehose, c.ZeroETL} {
		b.WriteString(bill.Table() + "\n")
	}
	b.WriteString("Assumptions (--assume NAME=VALUE):\n")
	for _, a := range c.Assumptions {
		fmt.Fprintf(&b, "  %-18s %10s  %s\n", a.Name, number(a.Value), a.Why)
	}
	return b.String()
}

// Summary is a table of the parts of each bill.
func (c *Comparison) Summary() string {
	var b strings.Builder
	b.WriteString("| | Tarn | Firehose + Glue + Athena | Glue zero-ETL |\n|---|---:|---:|---:|\n")
	for _, part := range []string{Capture, State, Storage, Questions} {
		fmt.Fprintf(&b, "| %s | %.2f | %.2f | %.2f |\n", part, c.Tarn.Of(part), c.Firehose.Of(part), c.ZeroETL.Of(part))
	}
	fmt.Fprintf(&b, "| **all** | **%.2f** | **%.2f** | **%.2f** |\n", c.Tarn.USD, c.Firehose.USD, c.ZeroETL.USD)
	fmt.Fprintf(&b, "| capture against Firehose's | %.2f | 1 | %.2f |\n", c.Ratio, c.ZeroETL.Of(Capture)/c.Firehose.Of(Capture))
	return b.String()
}

// Table is a bill by position.
func (b *Bill) Table() string {
	var t strings.Builder
	fmt.Fprintf(&t, "| %s | | quantity | | dollars |\n|---|---|---:|---|---:|\n", b.Way)
	for _, l := range b.Lines {
		fmt.Fprintf(&t, "| %s | %s | %s | %s | %.2f |\n", l.Service, l.What, number(l.Quantity), l.Unit, l.USD)
	}
	fmt.Fprintf(&t, "| **all** | | | | **%.2f** |\n", b.USD)
	return t.String()
}

// number writes a quantity: whole where it is large, with two digits behind the point where it is small.
func number(v float64) string {
	if v >= 1000 || v == float64(int64(v)) {
		return grouped(v)
	}
	return fmt.Sprintf("%.2f", v)
}

// grouped writes a whole number with commas.
func grouped(v float64) string {
	digits := fmt.Sprintf("%.0f", v)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
