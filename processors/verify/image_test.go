package verify_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/verify"
	"github.com/tarn-lake/tarn/schemas"
)

const parcels = `
name: parcels
title: Parcels
stream: shop_parcels
table: shop_parcels
zone: UTC
key: {partition: id, sort: n}
discriminator: {attribute: kind, values: [PARCEL, BOX]}
fields:
  - {name: id, type: string}
  - {name: n, type: int64}
  - {name: town, type: string}
  - {name: mail, type: string, privacy: {rule: mask}}
  - {name: zip, type: string, privacy: {rule: band, length: 3}}
  - {name: note, type: string, privacy: {rule: drop}}
  - {name: weight, type: decimal, precision: 12, scale: 3}
  - {name: fragile, type: bool}
  - {name: photo, type: binary}
  - {name: day, type: date}
  - {name: at, type: timestamp}
  - {name: until, type: timestamp, format: epoch}
  - {name: seen, type: timestamp, format: epoch-ms}
  - {name: labels, type: set, elem: {type: string}}
  - {name: stops, type: list, elem: {type: object, fields: [{name: at, type: timestamp}, {name: town, type: string}]}}
  - {name: sizes, type: map, elem: {type: int32}}
region: {from: field, field: town, lower: true, values: [dhaka, sylhet]}
date: {from: change}
`

func parcelSet(tb testing.TB) *schemas.Dataset {
	tb.Helper()
	r, err := schemas.Load(fstest.MapFS{"shop/parcels.yaml": {Data: []byte(parcels)}})
	if err != nil {
		tb.Fatal(err)
	}
	d, _ := r.Dataset("parcels")
	return d
}

// randomItem returns an item with some of the fields, some others, and some of them of another kind than declared.
func randomItem(r *rand.Rand) record.Item {
	of := func(all ...string) string { return all[r.IntN(len(all))] }
	text := func() record.Value {
		if r.IntN(30) > 0 { // most are without what has to be escaped
			return record.String(of("Dhaka", "SYLHET", "elsewhere", "", "a b", "é😀", "2026-11-20", "2026-11-20T06:00:00.5Z", "2026-11-20T06:00:00+06:00",
				strings.Repeat("long ", r.IntN(12)), fmt.Sprint(r.IntN(40)), "},{"))
		}
		return record.String(of("Dhaka", "SYLHET", "elsewhere", "", "a b", "é😀", "a\"b", `c\d`, "x\ny", "2026-11-20", "2026-11-20T06:00:00.5Z", "2026-11-20T06:00:00+06:00",
			strings.Repeat("long ", r.IntN(12)), fmt.Sprint(r.IntN(40)), "{\"S\":", "},{"))
	}
	number := func() record.Value {
		return record.Number(of("0", "-1", "12", "1.5", "-0.25", "1E3", "12345678901234567890", "1700000000", "1700000000.25", "007", fmt.Sprint(r.IntN(1000))))
	}
	any := func() record.Value {
		switch r.IntN(9) {
		case 0, 1:
			return text()
		case 2, 3:
			return number()
		case 4:
			return record.Bool(r.IntN(2) == 0)
		case 5:
			return record.Null()
		case 6:
			return record.Value{Kind: record.B, Bytes: []byte(of("", "\x00\xff", "abc"))}
		case 7:
			return record.Value{Kind: record.L, List: []record.Value{text(), number(), {Kind: record.M, Map: record.Item{"at": text(), "town": text()}}}}
		}
		return record.Value{Kind: record.M, Map: record.Item{"a": number(), "b c": number(), "town": text()}}
	}
	item := record.Item{"id": record.String(fmt.Sprint("p", r.IntN(50))), "n": record.Number(fmt.Sprint(r.IntN(50)))}
	usual := map[string]func() record.Value{
		"town": text, "mail": text, "zip": text, "note": text, "weight": number, "fragile": func() record.Value { return record.Bool(true) }, "day": text, "at": text,
		"until": number, "seen": number, "kind": func() record.Value { return record.String(of("PARCEL", "BOX", "PERSON")) },
		"photo":  func() record.Value { return record.Value{Kind: record.B, Bytes: []byte("\x01\x02")} },
		"labels": func() record.Value { return record.Value{Kind: record.SS, Set: []string{of("a", "b"), of("c", "d")}} },
		"sizes": func() record.Value {
			return record.Value{Kind: record.M, Map: record.Item{"b": number(), "a": number()}}
		},
		"stops": any, "other": any, "town2": text, record.Heartbeat: number,
	}
	if r.IntN(20) == 0 {
		item[`a"quoted`] = text()
	}
	for _, name := range []string{
		"town", "mail", "zip", "note", "weight", "fragile", "day", "at", "until", "seen", "kind", "photo", "labels", "sizes", "stops", "other", "town2", record.Heartbeat,
	} {
		switch r.IntN(8) {
		case 0:
		case 1:
			item[name] = any()
		case 2:
			item[fmt.Sprintf("%s%d", name, r.IntN(200))] = any()
		default:
			item[name] = usual[name]()
		}
	}
	return item
}

// TestImagesReadAsItems: one reader makes the same texts of many different records as another does of their items.
func TestImagesReadAsItems(t *testing.T) {
	t.Parallel()
	d := parcelSet(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	quick, slow, plain := verify.NewReader(d, mask), verify.NewReader(d, mask), 0
	for range 20_000 {
		item := randomItem(r)
		image := record.AppendItem(nil, item)
		if quick.Plain(image) {
			plain++
		}
		got, attributes, err := quick.Image(image)
		if err != nil {
			t.Fatalf("%s: %v", image, err)
		}
		want, wanted := slow.Item(item)
		if !slices.Equal(got, want) || attributes != wanted {
			t.Fatalf("%s: %d attributes, want %d: %s", image, attributes, wanted, cmp.Diff(want, got))
		}
	}
	if plain < 2_000 || plain == 20_000 {
		t.Errorf("%d of 20,000 records were read the quick way", plain)
	}
}

// FuzzImage: whatever is read the quick way has the texts that it has when it is parsed.
func FuzzImage(f *testing.F) {
	d := parcelSet(f)
	slow := verify.NewReader(d, mask)
	r := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		f.Add(record.AppendItem(nil, randomItem(r)), record.AppendItem(nil, randomItem(r)))
	}
	f.Add([]byte(`{"id":{"S":"a"},"n":{"N":"1"},"mail":{"S":"x"}}`), []byte(`{"id":{"S":"a"}, "n":{"N":"1"}}`))
	f.Add([]byte(`{}`), []byte(`{"id":{"S":"a"}}}`))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		quick := verify.NewReader(d, mask)
		for _, image := range [][]byte{first, second, first} {
			item, err := record.ParseItem(image)
			if err != nil {
				quick.Plain(image) // it may read what is no record, but it ends
				continue
			}
			got, _, err := quick.Image(image)
			if err != nil {
				t.Fatal(err)
			}
			want, _ := slow.Item(item)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s", image, diff)
			}
		}
	})
}

// TestPlainTimes compares both ways to read a time, for every day of some years and for what is none.
func TestPlainTimes(t *testing.T) {
	t.Parallel()
	check := func(text string, mustPlain bool) {
		t.Helper()
		plain, isPlain, any, isTime := verify.Micros(text)
		if isPlain && (!isTime || plain != any) || mustPlain && !isPlain {
			t.Errorf("%s: %d, %v; want %d, %v", text, plain, isPlain, any, isTime)
		}
	}
	for _, year := range []int{1, 4, 100, 400, 1600, 1899, 1900, 1969, 1970, 1972, 1999, 2000, 2024, 2026, 2100, 9999} {
		for day := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() == year; day = day.AddDate(0, 0, 1) {
			check(day.Format("2006-01-02T15:04:05Z"), true)
			check(day.Add(86_399*time.Second+time.Duration(day.YearDay())*time.Microsecond).Format("2006-01-02T15:04:05.000000Z"), true)
		}
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range 100_000 {
		text := []byte(time.UnixMicro(r.Int64N(4e15)).UTC().Format("2006-01-02T15:04:05.000000Z"))
		text = append(text[:19+r.IntN(8)], 'Z')
		if r.IntN(3) > 0 {
			text[r.IntN(len(text))] = "0123456789/:.-TZ"[r.IntN(16)]
		}
		check(string(text), false)
	}
	for _, text := range []string{"2026-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-11-20T24:00:00Z", "2026-11-20T06:60:00Z", "0000-01-01T00:00:00Z", "2026-11-20T06:00:00.Z"} {
		check(text, false)
	}
}

// TestMasksAreRemembered: texts of every length, over and over, have the masks that they have when they come first.
func TestMasksAreRemembered(t *testing.T) {
	t.Parallel()
	d := dataset(t, "people")
	for _, mask := range []func(string) string{mask, func(text string) string { return strings.Repeat("m", len(text)) + text }} {
		r := verify.NewReader(d, mask)
		for n := range 200_000 {
			text := strings.Repeat("0", n%40) + fmt.Sprint(n%70_000)
			got, _, err := r.Image(record.AppendItem(nil, record.Item{"phone": record.String(text)}))
			if err != nil || got[0] != mask(text) {
				t.Fatalf("%s: got %q, %v", text, got, err)
			}
		}
	}
}
