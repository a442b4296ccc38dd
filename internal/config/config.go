// Package config holds every binary's settings, one struct each. Load reads a struct from the environment and reports
// all faults at once; Environ writes one back, so that whoever deploys a binary fills the very struct it loads.
package config

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
)

// Secret is a text that prints as *** in every form. Reveal gives it.
type Secret string

// String hides the secret.
func (Secret) String() string { return "***" }

// GoString hides the secret.
func (Secret) GoString() string { return "***" }

// MarshalText hides the secret, in JSON and in logs too.
func (Secret) MarshalText() ([]byte, error) { return []byte("***"), nil }

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return string(s) }

// Load reads T's settings. A field is `env:"NAME" default:"…" doc:"…"`; without a default it is required. The error is
// Invalid and names every missing or malformed setting.
func Load[T any](getenv func(string) string) (T, error) {
	var settings T
	var faults []fault.Field
	for _, s := range describe(reflect.TypeFor[T]()) {
		text := getenv(s.Name)
		if text == "" {
			text = s.Default
		}
		if text == "" && s.required {
			faults = append(faults, fault.Field{Name: s.Name, Message: "missing: " + s.Doc})
			continue
		}
		if text == "" {
			continue
		}
		if err := set(reflect.ValueOf(&settings).Elem().FieldByIndex(s.index), text); err != nil {
			faults = append(faults, fault.Field{Name: s.Name, Message: err.Error()})
		}
	}
	return settings, Refuse(faults)
}

// Refuse returns the error of settings that are wrong: Invalid, with each of them named. Nil where none is.
func Refuse(faults []fault.Field) error {
	if len(faults) == 0 {
		return nil
	}
	return fault.WithFields(join(faults), faults)
}

// Environ writes the settings as Load reads them. A field left at its default is written too.
func Environ[T any](settings T) map[string]string {
	env := map[string]string{}
	for _, s := range describe(reflect.TypeFor[T]()) {
		if text := format(reflect.ValueOf(settings).FieldByIndex(s.index)); text != "" {
			env[s.Name] = text
		}
	}
	return env
}

// Setting is one setting's description.
type Setting struct {
	Name, Default, Doc, Type string

	required bool
	index    []int
}

// Describe returns T's settings in the order of its fields.
func Describe[T any]() []Setting { return describe(reflect.TypeFor[T]()) }

func describe(t reflect.Type) []Setting {
	var all []Setting
	for _, f := range reflect.VisibleFields(t) {
		name, ok := f.Tag.Lookup("env")
		if !ok {
			continue
		}
		def, has := f.Tag.Lookup("default")
		all = append(all, Setting{Name: name, Default: def, Doc: f.Tag.Get("doc"), Type: f.Type.String(), required: !has, index: f.Index})
	}
	return all
}

func join(faults []fault.Field) string {
	texts := make([]string, len(faults))
	for i, f := range faults {
		texts[i] = f.Name + ": " + f.Message
	}
	return strings.Join(texts, "; ")
}

func set(v reflect.Value, text string) error {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	switch {
	case v.Type() == reflect.TypeFor[time.Duration]():
		return setDuration(v, text)
	case v.Kind() == reflect.String:
		v.SetString(text)
	case v.Kind() == reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", text)
		}
		v.SetBool(b)
	case v.CanInt():
		n, err := strconv.ParseInt(text, 10, v.Type().Bits())
		if err != nil {
			return fmt.Errorf("%q is not a whole number of %d bits", text, v.Type().Bits())
		}
		v.SetInt(n)
	case v.CanFloat():
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return fmt.Errorf("%q is not a number", text)
		}
		v.SetFloat(f)
	case v.Kind() == reflect.Slice:
		v.Set(reflect.ValueOf(strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })))
	default:
		panic("a setting has the type " + v.Type().String() + ", which config does not know")
	}
	return nil
}

func setDuration(v reflect.Value, text string) error {
	d, err := time.ParseDuration(text)
	if err != nil {
		if _, bare := strconv.Atoi(text); bare == nil {
			return fmt.Errorf("%q has no unit: write 300ms, 5s or 2h", text)
		}
		return fmt.Errorf("%q is not a duration: write 300ms, 5s or 2h", text)
	}
	v.SetInt(int64(d))
	return nil
}

func format(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case Secret:
		return x.Reveal()
	case []string:
		return strings.Join(x, ",")
	case string:
		return x
	default:
		return fmt.Sprint(x)
	}
}

// Reference returns the settings as a Markdown table.
func Reference(settings []Setting) string {
	var b strings.Builder
	b.WriteString("| setting | default | what it is |\n|---|---|---|\n")
	for _, s := range slices.Clone(settings) {
		def := "`" + s.Default + "`"
		if s.required {
			def = "required"
		} else if s.Default == "" {
			def = "–"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", s.Name, def, s.Doc)
	}
	return b.String()
}
