package schemas

import "slices"

func (c *comparison) fields(path string, before, after []Field) {
	find := func(fields []Field, name string) *Field {
		i := slices.IndexFunc(fields, func(f Field) bool { return f.Name == name })
		if i < 0 {
			return nil
		}
		return &fields[i]
	}
	for i := range before {
		old := &before[i]
		if now := find(after, old.Name); now != nil {
			c.field(path+"."+old.Name, old, now)
			continue
		}
		if to := renamed(old, before, after); to != "" {
			c.unsafe(path+"."+old.Name, "looks renamed to %q; columns are known by name, so keep the old name, or add the new field beside it", to)
			continue
		}
		c.unsafe(path+"."+old.Name, "is gone; queries that name it break, and new values of it go to _extra")
	}
	for i := range after {
		now := &after[i]
		switch {
		case find(before, now.Name) != nil:
		case now.Required && now.Default == nil && now.Generated == "":
			c.unsafe(path+"."+now.Name, "is new and required; records and callers of today have none, so make it optional or give a default")
		default:
			c.safe(path+"."+now.Name, "is new")
		}
	}
}

// renamed returns the name of a new field that has the place and the type of the missing one, or nothing.
func renamed(old *Field, before, after []Field) string {
	at := slices.IndexFunc(before, func(f Field) bool { return f.Name == old.Name })
	if at >= len(after) || len(after) < len(before) {
		return ""
	}
	now := after[at]
	isNew := !slices.ContainsFunc(before, func(f Field) bool { return f.Name == now.Name })
	if isNew && now.Type == old.Type && now.Required == old.Required {
		return now.Name
	}
	return ""
}

func (c *comparison) field(path string, a, b *Field) {
	c.types(path, a, b)
	c.limits(path, a, b)
	switch {
	case !a.Required && b.Required && b.Default == nil && b.Generated == "":
		c.unsafe(path+".required", "is now required; records and callers of today may have none")
	case a.Required && !b.Required:
		c.safe(path+".required", "is no longer required")
	}
	if a.Generated != "" && b.Generated == "" && b.Required && b.Default == nil {
		c.unsafe(path+".generated", "is gone; callers of today do not send it, so make it optional or give a default")
	}
	if !a.ReadOnly && b.ReadOnly {
		c.unsafe(path+".readOnly", "is now set; callers who send it are refused")
	}
	if keptRule(a.Privacy) != keptRule(b.Privacy) || a.Privacy.Length != b.Privacy.Length || !slices.Equal(a.Privacy.Bands, b.Privacy.Bands) {
		c.unsafe(path+".privacy", "is changed; rows already written hold the old form")
	}
	if a.Format != b.Format && (a.Type == Timestamp || b.Format != "") {
		c.unsafe(path+".format", "is changed; values of today may be refused or read wrongly")
	}
	if a.Type == Enum && b.Type == Enum {
		c.names(path+".codes", a.Codes, b.Codes, "records of today hold it")
	}
	if a.Elem != nil && b.Elem != nil {
		c.field(path+".elem", a.Elem, b.Elem)
	}
	if a.Type == Object && b.Type == Object {
		c.fields(path+".fields", a.Fields, b.Fields)
	}
}

func keptRule(p Privacy) string {
	if p.Rule == "" {
		return "keep"
	}
	return p.Rule
}

func (c *comparison) types(path string, a, b *Field) {
	switch {
	case a.Type == b.Type && a.Type != Decimal:
	case a.Type == Decimal && b.Type == Decimal:
		if a.Scale != b.Scale || b.Precision < a.Precision {
			c.unsafe(path+".precision", "decimal(%d,%d) does not hold every decimal(%d,%d); keep the scale, and at least the precision", b.Precision, b.Scale, a.Precision, a.Scale)
		} else if b.Precision > a.Precision {
			c.safe(path+".precision", "is wider")
		}
	case a.Type == Int32 && b.Type == Int64, a.Type == Enum && b.Type == String, a.Type == Set && b.Type == List:
		c.safe(path+".type", "%s holds every %s", b.Type, a.Type)
	default:
		c.unsafe(path+".type", "is changed from %s to %s; add a new field instead", a.Type, b.Type)
	}
}

// limits reports limits that are narrower than they were: what was good yesterday would be refused.
func (c *comparison) limits(path string, a, b *Field) {
	if a.Pattern != b.Pattern && b.Pattern != "" {
		c.unsafe(path+".pattern", "is changed; values of today may not match it")
	}
	if b.Min != nil && (a.Min == nil || *b.Min > *a.Min) {
		c.unsafe(path+".min", "is narrower; values of today may be below it")
	}
	if b.Max != nil && (a.Max == nil || *b.Max < *a.Max) {
		c.unsafe(path+".max", "is narrower; values of today may be above it")
	}
	if b.MinLength > a.MinLength {
		c.unsafe(path+".minLength", "is narrower; values of today may be shorter")
	}
	if b.MaxLength > 0 && (a.MaxLength == 0 || b.MaxLength < a.MaxLength) {
		c.unsafe(path+".maxLength", "is narrower; values of today may be longer")
	}
}
