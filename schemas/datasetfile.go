package schemas

import (
	"strconv"
	"strings"
	"time"
)

// A dataset file, <domain>/<dataset>.yaml, has these keys, all of them optional but fields, region and date:
//
//	name          the file's name without .yaml, when given
//	title, description
//	stream, table the change stream that feeds it and the store's table; absent for facts
//	zone          business time zone, such as Asia/Dhaka; UTC unless said
//	key           {partition, sort}; absent for facts
//	discriminator {attribute, values: []}
//	indexes       [{name, partition, sort}]
//	fields        [{name, type, precision, scale, elem: {type…}, fields: [], codes: [], codeList, required, pattern,
//	              min, max, minLength, maxLength, generated, default, readOnly, format,
//	              privacy: {rule, length, bands: []}, description}]
//	version, ttl  names of fields
//	idempotency   {header, keep: 24h}
//	lifecycle     {field, initial, transitions: [{name, from: [], to, roles: [], at, by, counters: []}]}
//	onCreate      [{dataset, key, field, add}]: counters
//	region        {from: field|constant|metadata, field, lookup, column, value, lower, unknown, values: []}
//	date          {from: change|field, field, grain: day|month}
//	history       {keep: 400d}: how long changes stay, by dt; for ever unless said
//	track, sort   [] of field names
//	rules         [{name, when, then, field, message, strict}]
func (s *sheet) dataset(o *object) *Dataset {
	d := &Dataset{File: s.file, Name: o.text("name"), Title: o.text("title"), Description: o.text("description"),
		Stream: o.text("stream"), Table: o.text("table"), Version: o.text("version"), TTL: o.text("ttl"),
		Track: o.texts("track"), Sort: o.texts("sort")}
	d.Zone = zone(o)
	if k := o.one("key"); k != nil {
		d.Key = Key{Partition: k.need("partition"), Sort: k.text("sort")}
		k.done()
	}
	if k := o.one("discriminator"); k != nil {
		d.Discriminator = &Discriminator{Attribute: k.need("attribute"), Values: k.texts("values")}
		k.done()
	}
	for _, x := range o.many("indexes", "name") {
		d.Indexes = append(d.Indexes, Index{Name: x.need("name"), Partition: x.need("partition"), Sort: x.text("sort")})
		x.done()
	}
	for _, f := range o.many("fields", "name") {
		d.Fields = append(d.Fields, field(f, f.need("name")))
	}
	if i := o.one("idempotency"); i != nil {
		d.Idempotency = &Idempotency{Header: i.need("header"), Keep: i.duration("keep")}
		i.done()
	}
	d.Lifecycle = lifecycle(o.one("lifecycle"))
	d.OnCreate = counters(o, "onCreate")
	d.Region = region(o)
	d.Date = date(o)
	if h := o.one("history"); h != nil {
		d.Keep = h.days("keep")
		h.done()
	}
	for _, r := range o.many("rules", "name") {
		d.Rules = append(d.Rules, Rule{Name: r.need("name"), When: r.text("when"), Then: r.need("then"),
			Field: r.need("field"), Message: r.need("message"), Strict: r.flag("strict"), Line: r.sheet.at[r.path].line})
		r.done()
	}
	o.done()
	return d
}

func zone(o *object) *time.Location {
	name := o.text("zone")
	loc, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		o.sheet.fault(o.under("zone"), "%q is not a time zone; give a name such as Asia/Dhaka or UTC", name)
		return time.UTC
	}
	return loc
}

func (o *object) duration(key string) time.Duration {
	text := o.need(key)
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		o.sheet.fault(o.under(key), "%q is not a time span; give one such as 24h or 90m", text)
	}
	return d
}

// leastKeep is the shortest time that a history may keep changes: longer than any stream keeps its records, so that what
// a stream can still bring is there to be compared with.
const leastKeep = 7

// days returns a number of days, written as 400d.
func (o *object) days(key string) time.Duration {
	text := o.need(key)
	if text == "" {
		return 0
	}
	digits, ok := strings.CutSuffix(text, "d")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || n < leastKeep || n > 36_500 {
		o.sheet.fault(o.under(key), "%q is not a number of days from %dd to 36500d; give one such as 400d", text, leastKeep)
		return 0
	}
	return time.Duration(n) * 24 * time.Hour
}

func field(o *object, name string) Field {
	f := Field{Name: name, Line: o.sheet.at[o.path].line, Description: o.text("description"),
		Type:      Type(o.choice("type", "", "string", "int32", "int64", "decimal", "bool", "date", "timestamp", "enum", "binary", "list", "set", "map", "object")),
		Precision: int(o.whole("precision", 1, 38)), Scale: int(o.whole("scale", 0, 38)),
		Codes: o.texts("codes"), CodeList: o.text("codeList"), Required: o.flag("required"), Pattern: o.text("pattern"),
		Min: o.number("min"), Max: o.number("max"),
		MinLength: int(o.whole("minLength", 0, 400_000)), MaxLength: int(o.whole("maxLength", 1, 400_000)),
		Generated: o.choice("generated", "", "hex32", "uuid", "digits8", "now", "updated"),
		Default:   o.scalar("default"), ReadOnly: o.flag("readOnly"),
		Format: o.choice("format", "", "uri", "email", "epoch", "epoch-ms"),
	}
	if f.CodeList != "" && f.Codes != nil {
		o.sheet.fault(o.under("codes"), "and codeList are both given; keep one")
	}
	if e := o.one("elem"); e != nil {
		elem := field(e, "")
		f.Elem = &elem
	}
	for _, m := range o.many("fields", "name") {
		f.Fields = append(f.Fields, field(m, m.need("name")))
	}
	if p := o.one("privacy"); p != nil {
		f.Privacy = Privacy{Rule: p.choice("rule", "", "keep", "mask", "band", "drop"), Length: int(p.whole("length", 1, 1000)), Bands: p.wholes("bands")}
		p.done()
	}
	o.done()
	return f
}

func lifecycle(o *object) *Lifecycle {
	if o == nil {
		return nil
	}
	l := &Lifecycle{Field: o.need("field"), Initial: o.need("initial")}
	for _, t := range o.many("transitions", "name") {
		l.Transitions = append(l.Transitions, Transition{Name: t.need("name"), From: t.texts("from"), To: t.need("to"),
			Roles: t.texts("roles"), At: t.text("at"), By: t.text("by"), Counters: counters(t, "counters")})
		t.done()
	}
	o.done()
	return l
}

func counters(o *object, key string) []Counter {
	var out []Counter
	for _, c := range o.many(key, "") {
		out = append(out, Counter{Dataset: c.need("dataset"), Key: c.need("key"), Field: c.need("field"), Add: c.whole("add", -1000, 1000)})
		if out[len(out)-1].Add == 0 {
			c.sheet.fault(c.under("add"), "is missing or 0; give the number to add, such as 1")
		}
		c.done()
	}
	return out
}

func region(o *object) Region {
	r := o.one("region")
	if r == nil {
		o.sheet.fault("region", "is missing; say where the region comes from, such as {from: field, field: district}")
		return Region{From: "constant", Value: "unknown", Unknown: "unknown"}
	}
	out := Region{From: r.choice("from", "", "field", "constant", "metadata"), Field: r.text("field"), Lookup: r.text("lookup"),
		Column: r.text("column"), Value: r.text("value"), Lower: r.flag("lower"), Unknown: r.text("unknown"), Values: r.texts("values")}
	if out.Unknown == "" {
		out.Unknown = "unknown"
	}
	r.done()
	return out
}

func date(o *object) Date {
	d := o.one("date")
	if d == nil {
		o.sheet.fault("date", "is missing; say which clock gives dt, such as {from: change}")
		return Date{From: "change", Grain: "day"}
	}
	out := Date{From: d.choice("from", "", "change", "field"), Field: d.text("field"), Grain: d.choice("grain", "day", "month")}
	d.done()
	return out
}
