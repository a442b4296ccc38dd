package ingest

import (
	"encoding/hex"
	"io"
	"strconv"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
)

// fill sets what the server sets on a create.
func (s *Service) fill(p *plan, item record.Item, now time.Time) error {
	for _, f := range p.created {
		switch {
		case isID(f.Generated):
			id, err := s.newID(f.Generated)
			if err != nil {
				return err
			}
			item[f.Name] = record.String(id)
		case f.Generated != "":
			item[f.Name] = f.stamp(now)
		default:
			if _, ok := item[f.Name]; !ok {
				item[f.Name] = f.standard()
			}
		}
	}
	if p.Lifecycle != nil {
		item[p.Lifecycle.Field] = record.String(p.Lifecycle.Initial)
	}
	if p.Version != "" {
		item[p.Version] = record.Number("1")
	}
	return nil
}

// standard returns the field's default value.
func (f *field) standard() record.Value {
	switch d := f.Default.(type) {
	case bool:
		return record.Bool(d)
	case int64:
		return record.Number(strconv.FormatInt(d, 10))
	case string:
		if f.Numeric() {
			return record.Number(d)
		}
		return record.String(d)
	default:
		return record.Null()
	}
}

func (s *Service) newID(kind string) (string, error) {
	var raw [16]byte
	if _, err := io.ReadFull(s.opts.Rand, raw[:]); err != nil {
		return "", fault.Wrap(fault.Internal, err, "no id could be drawn")
	}
	switch kind {
	case "uuid":
		raw[6], raw[8] = raw[6]&0x0f|0x40, raw[8]&0x3f|0x80 // version 4, variant 10
		h := hex.EncodeToString(raw[:])
		return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:], nil
	case "digits8":
		n := 0
		for _, b := range raw[:8] {
			n = (n*256 + int(b)) % 90_000_000
		}
		return strconv.Itoa(10_000_000 + n), nil
	default:
		return hex.EncodeToString(raw[:]), nil
	}
}

// dropNulls removes the fields that are null, for absent and null are one, at any depth of objects.
func dropNulls(s *Shape, item record.Item) record.Item {
	for name, v := range item {
		switch v.Kind {
		case record.NULL:
			delete(item, name)
		case record.M:
			if f := s.named(name); f != nil && f.members != nil {
				dropNulls(f.members, v.Map)
			}
		}
	}
	if item == nil {
		item = record.Item{}
	}
	return item
}
