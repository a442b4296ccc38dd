package decode_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
)

// oracle decodes slowly and obviously, with maps and a strict JSON library.
type oracle struct{ datasets []*schemas.Dataset }

type members map[string]jsontext.Value

func object(raw jsontext.Value) (members, error) {
	if raw.Kind() != '{' {
		return nil, errors.New("not an object")
	}
	var m members
	return m, json.Unmarshal(raw, &m)
}

// records splits an event; whole is false where that cannot be done.
func records(body []byte) (raw []jsontext.Value, whole bool) {
	lenient := []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}
	if !jsontext.Value(body).IsValid(lenient...) {
		return nil, false
	}
	dec := jsontext.NewDecoder(bytes.NewReader(body), lenient...)
	if t, err := dec.ReadToken(); err != nil || t.Kind() != '{' {
		return nil, false
	}
	outer := map[string]bool{}
	for dec.PeekKind() != '}' {
		name, _ := dec.ReadValue()
		var text string
		if json.Unmarshal(name, &text) != nil {
			return nil, false
		}
		kind := dec.PeekKind()
		if text != "Records" || kind == 'n' {
			v, _ := dec.ReadValue()
			if outer[text] && text == "Records" || !strict(v, 79) {
				return nil, false
			}
			continue
		}
		if kind != '[' || outer[text] {
			return nil, false
		}
		outer[text] = true
		_, _ = dec.ReadToken()
		for dec.PeekKind() != ']' {
			v, _ := dec.ReadValue()
			raw = append(raw, v.Clone())
		}
		_, _ = dec.ReadToken()
	}
	return raw, true
}

// strict reports whether raw is JSON without doubled names and nested at most so deep.
func strict(raw jsontext.Value, deepest int) bool {
	if !raw.IsValid() {
		return false
	}
	dec := jsontext.NewDecoder(bytes.NewReader(raw))
	for {
		if _, err := dec.ReadToken(); err != nil {
			return true
		}
		if dec.StackDepth() > deepest {
			return false
		}
	}
}

// change is what the oracle makes of a record.
type change struct {
	*schemas.Dataset
	op        record.Op
	at        int64
	seq       string
	awsRegion string
	keys      record.Item
	now, was  record.Item // nil: none
	raw       members     // of the new image
}

var errKeysOnly = errors.New("keys only")

// rows returns the rows of a record by dataset, or why it is bad.
func (o oracle) rows(raw jsontext.Value, lane string) (string, []row, error) {
	if !strict(raw, 80) {
		return "", nil, errors.New("not strict JSON")
	}
	c, err := o.change(raw)
	if err != nil {
		return "", nil, err
	}
	rows, err := c.rows(lane)
	return c.Name, rows, err
}

func text(m members, name string) (string, bool, error) {
	v, ok := m[name]
	if !ok {
		return "", false, nil
	}
	var s string
	if v.Kind() != '"' {
		return "", true, errors.New(name + " is no text")
	}
	return s, true, json.Unmarshal(v, &s)
}

func (o oracle) change(raw jsontext.Value) (*change, error) {
	m, err := object(raw)
	if err != nil {
		return nil, err
	}
	c := &change{}
	name, _, err1 := text(m, "eventName")
	var err2 error
	c.awsRegion, _, err2 = text(m, "awsRegion")
	d, err3 := object(m["dynamodb"])
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	view, _, err1 := text(d, "StreamViewType")
	seq, _, err2 := text(d, "SequenceNumber")
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	if view == "KEYS_ONLY" || view == "OLD_IMAGE" {
		return nil, errKeysOnly
	}
	if len(seq) < 1 || len(seq) > 40 || strings.Trim(seq, "0123456789") != "" {
		return nil, errors.New("bad sequence number")
	}
	c.seq = strings.Repeat("0", 40-len(seq)) + seq
	at, ok := d["ApproximateCreationDateTime"]
	if !ok || at.Kind() != '0' {
		return nil, errors.New("no time")
	}
	if c.at, err = micros(string(at), 6); err != nil {
		return nil, err
	}
	c.op = map[string]record.Op{"INSERT": record.Insert, "MODIFY": record.Modify, "REMOVE": record.Remove}[name]
	if who, err := object(m["userIdentity"]); err == nil && c.op == record.Remove {
		kind, _, _ := text(who, "type")
		principal, _, _ := text(who, "principalId")
		if kind == "Service" && principal == "dynamodb.amazonaws.com" {
			c.op = record.Expire
		}
	}
	_, hasNow := d["NewImage"]
	_, hasWas := d["OldImage"]
	_, hasKeys := d["Keys"]
	switch {
	case c.op == "", c.op.Gone() == hasNow, c.op.Gone() && !hasKeys:
		return nil, errors.New("a member is missing")
	}
	if err := c.items(d, hasNow, hasWas, c.op.Gone()); err != nil {
		return nil, err
	}
	if c.Dataset = o.claim(c, d); c.Dataset == nil {
		return nil, errors.New("unclaimed")
	}
	return c, nil
}

func (c *change) items(d members, now, was, keys bool) (err error) {
	for _, p := range []struct {
		there bool
		name  string
		to    *record.Item
	}{{now, "NewImage", &c.now}, {was, "OldImage", &c.was}, {keys, "Keys", &c.keys}} {
		if !p.there {
			continue
		}
		if *p.to, err = record.ParseItem(d[p.name]); err != nil {
			return err
		}
	}
	if now {
		c.raw, err = object(d["NewImage"])
	}
	return err
}

func (o oracle) claim(c *change, d members) *schemas.Dataset {
	keys, _ := record.ParseItem(d["Keys"])
	for _, s := range o.datasets {
		if s.Discriminator == nil {
			return s
		}
		for _, item := range []record.Item{c.now, c.was, keys} {
			v := item[s.Discriminator.Attribute]
			if (v.Kind == record.S || v.Kind == record.N) && slices.Contains(s.Discriminator.Values, v.Text) {
				return s
			}
		}
	}
	return nil
}

func (c *change) rows(lane string) ([]row, error) {
	now, err1 := c.typed(c.now)
	was, err2 := c.typed(c.was)
	keys, err3 := c.typed(c.keys)
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	key := now
	if c.op.Gone() {
		key = keys
	}
	system := func(op record.Op, region string, day int64) row {
		return row{"_op": string(op), "_shard": lane, "_seq": c.seq, "_at": c.at, "dt": day, "region": region}
	}
	withKey := func(r row) (row, error) {
		for _, k := range []string{c.Key.Partition, c.Key.Sort} {
			if k == "" {
				continue
			}
			if key[k] == nil {
				return nil, errors.New("no key")
			}
			if v := c.kept(k, key[k]); v != nil {
				r[k] = v
			}
		}
		return r, nil
	}
	place := now
	if c.op.Gone() {
		place = was
	}
	region, day, _ := c.place(place)
	own, err := withKey(system(c.op, region, day))
	if err != nil {
		return nil, err
	}
	out := []row{own}
	if !c.op.Gone() {
		for name, v := range now {
			if kept := c.kept(name, v); kept != nil {
				own[name] = kept
			}
		}
		if extra := c.extra(); extra != "" {
			own["_extra"] = extra
		}
	}
	if c.was == nil || c.op == record.Insert {
		return out, nil
	}
	for _, name := range c.Track {
		if v := was[name]; v != nil {
			if kept := c.kept(name, v); kept != nil {
				own["old_"+name] = kept
			}
		}
	}
	if c.op != record.Modify {
		return out, nil
	}
	own["_changed"] = c.changed()
	if r, d, told := c.place(was); r != region || told && d != day {
		leave, _ := withKey(system(record.Leave, r, d))
		out = []row{leave, own}
	}
	return out, nil
}

func (c *change) changed() []any {
	names := []string{}
	for name, v := range c.now {
		if w, ok := c.was[name]; !ok || !v.Equal(w) {
			names = append(names, name)
		}
	}
	for name := range c.was {
		if _, ok := c.now[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	all := []any{}
	for _, n := range names {
		all = append(all, n)
	}
	return all
}

// extra returns what the schema does not know; the values stand as they stood.
func (c *change) extra() string {
	item := map[string]jsontext.Value{}
	for name := range c.now {
		if _, ok := c.Field(name); !ok {
			item[name] = c.raw[name]
		}
	}
	for i := range c.Fields {
		if f := &c.Fields[i]; f.Privacy.Rule != "drop" {
			strangers(item, f, c.now[f.Name], f.Name)
		}
	}
	if len(item) == 0 {
		return ""
	}
	out, err := json.Marshal(item)
	if err != nil {
		panic(err)
	}
	return canonical(string(out))
}

// strangers adds what objects hold beyond their declared members.
func strangers(to map[string]jsontext.Value, f *schemas.Field, v record.Value, path string) {
	for i, e := range v.List {
		strangers(to, f.Elem, e, path+"."+strconv.Itoa(i))
	}
	for name, e := range v.Map {
		if f.Type != schemas.Object {
			strangers(to, f.Elem, e, path+"."+name)
			continue
		}
		i := slices.IndexFunc(f.Fields, func(m schemas.Field) bool { return m.Name == name })
		if i >= 0 {
			strangers(to, &f.Fields[i], e, path+"."+name)
		} else {
			to[path+"."+name] = record.AppendValue(nil, e)
		}
	}
}

// canonical returns a JSON text in the one form that its meaning has.
func canonical(text string) string {
	v := jsontext.Value(text)
	if err := v.Canonicalize(); err != nil {
		panic(err)
	}
	return string(v)
}

func (c *change) place(item map[string]any) (string, int64, bool) {
	day, told := floor(c.at, 86400e6), false
	if c.Date.From == "field" {
		if v, ok := item[c.Date.Field].(int64); ok {
			day, told = floor(v, 86400e6), true
		}
	}
	if c.Date.Grain == "month" {
		t := time.Unix(day*86400, 0).UTC()
		day = time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC).Unix() / 86400
	}
	value := ""
	switch c.Region.From {
	case "metadata":
		value = c.awsRegion
	case "field":
		var at any = item
		for step := range strings.SplitSeq(c.Region.Field, ".") {
			m, _ := at.(map[string]any)
			at = m[step]
		}
		if at != nil {
			value = fmt.Sprint(at)
		}
	}
	if c.Region.Lower {
		value = strings.ToLower(value)
	}
	if l := c.Lists[c.Region.Lookup]; l != nil {
		found := ""
		for _, r := range l.Rows {
			if r[0] == value || c.Region.Lower && strings.ToLower(r[0]) == value {
				found = r[1]
			}
		}
		value = found
	}
	good := value != "" && len(value) < 64 && strings.Trim(value, "abcdefghijklmnopqrstuvwxyz0123456789-_") == "" && value[0] != '-' && value[0] != '_'
	if !good || c.Region.Values != nil && !slices.Contains(c.Region.Values, value) {
		value = "unknown"
	}
	return value, day, told
}

// kept applies the field's privacy to a typed value.
func (c *change) kept(name string, v any) any {
	f, _ := c.Field(name)
	switch f.Privacy.Rule {
	case "drop":
		return nil
	case "mask":
		mac := hmac.New(sha256.New, maskKey)
		mac.Write([]byte(fmt.Sprint(v)))
		return hex.EncodeToString(mac.Sum(nil)[:16])
	case "band":
		if s, ok := v.(string); ok {
			r := []rune(s)
			return string(r[:min(len(r), f.Privacy.Length)])
		}
		days := v.(int64)
		if f.Type == schemas.Timestamp {
			days = floor(days, 86400e6)
		}
		return age(days, c.at, f.Privacy.Bands)
	}
	return v
}

func age(days, at int64, bands []int) string {
	born, now := time.Unix(days*86400, 0).UTC(), time.UnixMicro(at).UTC()
	years := 0
	for born.Year()+years < now.Year() {
		years++
	}
	if now.Format("01-02") < born.Format("01-02") || born.Year() > now.Year() {
		years--
	}
	if years < bands[0] {
		return "<" + strconv.Itoa(bands[0])
	}
	for i := 1; i < len(bands); i++ {
		if years < bands[i] {
			return fmt.Sprintf("%d-%d", bands[i-1], bands[i]-1)
		}
	}
	return fmt.Sprintf("%d+", bands[len(bands)-1])
}

func floor(a, b int64) int64 {
	if a%b < 0 {
		return a/b - 1
	}
	return a / b
}
