package deploy

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/tarn-lake/tarn/schemas"
)

const (
	// idempotencyTable is the reserved table in which the API remembers its answers, and the attributes it has.
	idempotencyTable, idempotencyKey, idempotencyTTL = "tarn_idempotency", "id", "expires"
	movementPass                                     = "movement-pass"
)

// Data is the datasets that an environment deploys.
type Data struct {
	Registry *schemas.Registry
	Files    fs.FS // what the functions are given; nil: the files that come with the program
	Tables   []Table
}

// Table is one table of the store.
type Table struct {
	Name    string // as the schemas call it; AWS gives the deployed one
	Stream  string // empty: none
	TTL     string // attribute; empty: none
	Key     Key
	Indexes []Index
}

// Key is the key of a table or an index.
type Key struct {
	Partition, Sort string // an empty Sort: none
	PartitionKind   Kind
	SortKind        Kind
}

// Kind is the kind of a key attribute in DynamoDB's words: S, N or B.
type Kind string

// Index is a global secondary index.
type Index struct {
	Name string
	Key  Key
}

// Choose loads the environment's datasets and judges whether they can be deployed together. The error names every fault.
func Choose(env Environment, all fs.FS) (Data, error) {
	d := Data{}
	files, err := domains(env, all)
	if err != nil {
		return d, err
	}
	if d.Registry, err = schemas.Load(files); err != nil {
		return d, fmt.Errorf("environment %s: %w", env.Name, err)
	}
	if env.Schemas != "" || len(env.Domains) > 0 {
		d.Files = files
	}
	var faults []error
	for _, name := range env.Query.Datasets {
		if _, ok := d.Registry.Dataset(name); !ok {
			faults = append(faults, fmt.Errorf("environment %s: query.datasets: there is no dataset %q; there are %s", env.Name, name, strings.Join(names(d.Registry), ", ")))
		}
	}
	faults = append(faults, judge(d.Registry)...)
	d.Tables = tables(d.Registry)
	return d, errors.Join(faults...)
}

// domains returns the schema files of the environment's domains.
func domains(env Environment, all fs.FS) (fs.FS, error) {
	if len(env.Domains) == 0 {
		return all, nil
	}
	entries, err := fs.ReadDir(all, ".")
	if err != nil {
		return nil, fmt.Errorf("read the schema folder: %w", err)
	}
	var known []string
	for _, e := range entries {
		if e.IsDir() && e.Name() != "codes" && e.Name() != "testdata" && !strings.HasPrefix(e.Name(), ".") {
			known = append(known, e.Name())
		}
	}
	for _, name := range env.Domains {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("environment %s: there is no domain %q; the schema folder has %s", env.Name, name, strings.Join(known, ", "))
		}
	}
	return chosen{all, append([]string{"codes"}, env.Domains...)}, nil
}

// judge returns what keeps the datasets from being deployed together. What keeps one from being used at all, such as more
// regions than a day can have partitions, the schemas have judged already.
func judge(r *schemas.Registry) []error {
	var faults []error
	owner := map[string]*schemas.Dataset{}
	for _, ds := range r.Datasets() {
		if ds.Table == "" {
			continue
		}
		if ds.Table == idempotencyTable {
			faults = append(faults, fmt.Errorf("dataset %s: the table name %s is Tarn's own: choose another", ds.Name, ds.Table))
		}
		other, taken := owner[ds.Table]
		switch {
		case !taken:
			owner[ds.Table] = ds
		case ds.Discriminator == nil || other.Discriminator == nil:
			faults = append(faults, fmt.Errorf("datasets %s and %s have the same table %s, and nothing tells their records apart: give each a table or a discriminator", other.Name, ds.Name, ds.Table))
		case ds.Stream != other.Stream || ds.Key != other.Key || ds.TTL != other.TTL:
			faults = append(faults, fmt.Errorf("datasets %s and %s share the table %s, and must have the same stream, key and ttl", other.Name, ds.Name, ds.Table))
		}
	}
	return faults
}

func names(r *schemas.Registry) []string {
	var all []string
	for _, ds := range r.Datasets() {
		all = append(all, ds.Name)
	}
	return all
}

// readable returns the names of the datasets that the query function may read.
func (d Data) readable(env Environment) []string {
	if len(env.Query.Datasets) > 0 {
		return env.Query.Datasets
	}
	return names(d.Registry)
}

// hasMovementPass reports whether the API speaks the contract of Movement Pass, too.
func (d Data) hasMovementPass() bool {
	passes, ok := d.Registry.Dataset("passes")
	_, too := d.Registry.Dataset("applicants")
	return ok && too && passes.Domain == movementPass
}

// roles returns what people may be: readers, writers, and who takes the transitions of the lifecycles.
func (d Data) roles() []string {
	all := []string{"reader", "writer"}
	for _, ds := range d.Registry.Datasets() {
		if ds.Lifecycle == nil {
			continue
		}
		for _, t := range ds.Lifecycle.Transitions {
			for _, role := range t.Roles {
				if !slices.Contains(all, role) {
					all = append(all, role)
				}
			}
		}
	}
	return all
}

// regions returns every region of every dataset, those unknown included, sorted.
func (d Data) regions() []string {
	var all []string
	for _, ds := range d.Registry.Datasets() {
		all = append(all, ds.Region.Values...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// chosen is a folder of which only some entries show.
type chosen struct {
	fs.FS
	entries []string
}

// ReadDir lists the entries that show.
func (c chosen) ReadDir(name string) ([]fs.DirEntry, error) {
	all, err := fs.ReadDir(c.FS, name)
	if name != "." || err != nil {
		return all, err
	}
	return slices.DeleteFunc(all, func(e fs.DirEntry) bool { return !slices.Contains(c.entries, e.Name()) }), nil
}
