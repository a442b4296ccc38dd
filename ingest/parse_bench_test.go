package ingest_test

import "testing"

func BenchmarkParse(b *testing.B) {
	w := newWorld(b, setup{})
	shape, err := w.service.Shape("passes")
	if err != nil {
		b.Fatal(err)
	}
	body := []byte(pass)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, faults, err := shape.Parse(body); err != nil || faults != nil {
			b.Fatal(faults, err)
		}
	}
}
