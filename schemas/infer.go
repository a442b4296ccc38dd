package schemas

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// InferColumn is what was seen of one column of a file.
type InferColumn struct {
	Name      string
	Type      Type // empty: string
	Precision int  // decimal
	Scale     int  // decimal
	Nullable  bool
	Distinct  int      // different values seen; 0: not counted
	Examples  []string // some of them, or all where there are few
}

// Infer returns a first draft of a dataset file for facts with those columns, to be finished by hand. The draft loads
// without faults under the file name <name>.yaml, where name is made a dataset's name by DatasetName. Columns of lists and
// maps are only mentioned, since what is in them has to be declared; until then they are kept in _extra.
func Infer(name string, columns []InferColumn) []byte {
	var b strings.Builder
	name = DatasetName(name)
	fmt.Fprintf(&b, "# yaml-language-server: $schema=../dataset.schema.json\n")
	fmt.Fprintf(&b, "# A first draft from a file's columns. Look at types, region, date and privacy, and add a key if records change.\n")
	fmt.Fprintf(&b, "name: %s\ntitle: %s\nzone: UTC\n\nfields:\n", name, strconv.Quote(title(name)))
	names := map[string]bool{}
	fields := make([]InferColumn, 0, len(columns))
	for _, c := range columns {
		if slices.Contains([]Type{List, Set, Map, Object}, c.Type) {
			fmt.Fprintf(&b, "  # %s holds lists or maps: declare it with its elem or fields; until then it is kept in _extra\n", printable(c.Name))
			continue
		}
		original := c.Name
		c.Name = fieldName(c.Name, names)
		c.Type = scalarType(c.Type)
		fields = append(fields, c)
		inferField(&b, c, original)
	}
	if len(fields) == 0 {
		b.WriteString("  - {name: value, type: string}\n")
	}
	b.WriteString("\n" + inferRegion(fields) + "\n" + inferDate(fields) + "\n")
	return []byte(b.String())
}

func inferField(b *strings.Builder, c InferColumn, original string) {
	fmt.Fprintf(b, "  - name: %s\n    type: %s\n", c.Name, c.Type)
	if c.Type == Decimal {
		precision := min(max(c.Precision, 1), 38)
		fmt.Fprintf(b, "    precision: %d\n    scale: %d\n", precision, min(max(c.Scale, 0), precision))
	}
	if c.Name != original {
		fmt.Fprintf(b, "    description: %s\n", strconv.Quote("Named "+printable(original)+" in the file."))
	}
	if n := len(c.Examples); n > 0 {
		fmt.Fprintf(b, "    # such as %s\n", printable(strings.Join(c.Examples[:min(n, 3)], ", ")))
	}
}

// scalarType returns the type, or string where it is not told.
func scalarType(t Type) Type {
	if slices.Contains([]Type{Int32, Int64, Decimal, Boolean, Day, Timestamp, Binary}, t) {
		return t
	}
	return String
}

// inferRegion takes the first text column with few values that could all name a folder.
func inferRegion(fields []InferColumn) string {
	for _, c := range fields {
		if c.Type != String || c.Distinct < 2 || c.Distinct > maxRegions || len(c.Examples) != c.Distinct {
			continue
		}
		var values []string
		for _, v := range c.Examples {
			if v = strings.ToLower(v); slug.MatchString(v) && v != "unknown" {
				values = append(values, strconv.Quote(v))
			}
		}
		slices.Sort(values)
		if len(slices.Compact(values)) == c.Distinct {
			return fmt.Sprintf("region: {from: field, field: %s, lower: true, values: [%s]}", c.Name, strings.Join(values, ", "))
		}
	}
	return "region: {from: constant, value: all} # or {from: field, field: …, lookup: …, column: …}: at most 16 coarse areas"
}

func inferDate(fields []InferColumn) string {
	i := slices.IndexFunc(fields, func(c InferColumn) bool { return c.Type == Timestamp || c.Type == Day })
	if i < 0 {
		return "date: {from: change} # no column holds a date"
	}
	return fmt.Sprintf("date: {from: field, field: %s, grain: day}", fields[i].Name)
}

var notPlain = regexp.MustCompile(`[^A-Za-z0-9]+`)

// DatasetName returns a dataset's name made from any text, such as a file's name without its ending.
func DatasetName(text string) string {
	name := strings.ToLower(strings.Trim(notPlain.ReplaceAllString(text, "_"), "_"))
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		name = strings.Trim("data_"+name, "_")
	}
	name = name[:min(len(name), 50)]
	if slices.Contains(ownNames, name) || strings.HasPrefix(name, "lookup_") || ownSuffix(name) {
		name = "data_" + name + "_rows"
	}
	return name
}

// FieldNames returns the names that Infer gives to the fields of columns so named.
func FieldNames(columns []string) []string {
	names, taken := make([]string, len(columns)), map[string]bool{}
	for i, c := range columns {
		names[i] = fieldName(c, taken)
	}
	return names
}

// fieldName returns a field's name made from a column's, different from those taken.
func fieldName(text string, taken map[string]bool) string {
	name := text
	if !plainName.MatchString(name) {
		name = strings.Trim(notPlain.ReplaceAllString(text, "_"), "_")
	}
	if slices.Contains([]string{"null", "true", "false"}, strings.ToLower(name)) {
		name = "field_" + name // words of YAML itself
	}
	if name == "" || !letter(name[0]) || name == ColDate || name == ColRegion || strings.HasPrefix(name, OldPrefix) {
		name = strings.Trim("field_"+name, "_")
	}
	name = name[:min(len(name), 50)]
	for i, first := 2, name; taken[strings.ToLower(name)]; i++ {
		name = fmt.Sprintf("%s_%d", first, i)
	}
	taken[strings.ToLower(name)] = true
	return name
}

func title(name string) string {
	words := strings.ReplaceAll(name, "_", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}

// printable returns a text as it can stand in a comment: one line, not long, nothing that a terminal would obey.
func printable(text string) string {
	text = strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, " "))
	if r := []rune(text); len(r) > 80 {
		text = string(r[:80]) + "…"
	}
	return text
}
