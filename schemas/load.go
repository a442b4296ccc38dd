package schemas

import (
	"embed"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tarn-lake/tarn/internal/fault"
)

//go:embed movement-pass *.schema.json
var files embed.FS

// Embedded returns the schema files that come with the program, one folder a domain, and the JSON Schemas of the files.
func Embedded() fs.FS { return files }

// Load reads every schema file under fsys: one folder a domain, or the files of one domain at the root. Code lists are
// in a folder named codes, at the root or in the domain. The error is *Faults and names every fault of every file.
func Load(fsys fs.FS) (*Registry, error) { return load(fsys, "default") }

// LoadDir reads the schema files of a folder on disk, as Load does. Where the folder itself holds dataset files it is
// a domain, by its own name.
func LoadDir(dir string) (*Registry, error) {
	whole, err := filepath.Abs(dir)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the schema folder %s cannot be found", dir)
	}
	return load(os.DirFS(whole), filepath.Base(whole))
}

func load(fsys fs.FS, root string) (*Registry, error) {
	l := &loader{fsys: fsys, lists: map[string]*list{}, sets: map[string]*set{}}
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the schema folder cannot be read")
	}
	l.folder(".", root)
	for _, e := range entries {
		if e.IsDir() && e.Name() != "codes" && !strings.HasPrefix(e.Name(), ".") && e.Name() != "testdata" {
			l.folder(e.Name(), e.Name())
		}
	}
	l.join()
	if err := sorted(l.faults()); err != nil {
		return nil, err
	}
	return l.registry(), nil
}

// loader holds what was read until everything can be joined and judged.
type loader struct {
	fsys       fs.FS
	sheets     []*sheet
	lists      map[string]*list // code lists by name
	sets       map[string]*set  // datasets by name
	dashboards []*page
	metrics    []*family
}

// list, set, page and family are one file's content and the sheet that knows where it stands.
type list struct {
	*sheet
	codes *Codes
}

type set struct {
	*sheet
	ds *Dataset
}

type page struct {
	*sheet
	board *Dashboard
}

type family struct {
	*sheet
	dataset string
	metrics []Metric
}

func (l *loader) folder(dir, domain string) {
	for _, name := range l.names(path.Join(dir, "codes"), ".csv") {
		l.codeList(path.Join(dir, "codes", name), strings.TrimSuffix(name, ".csv"))
	}
	for _, name := range l.names(dir, ".yaml") {
		l.file(path.Join(dir, name), strings.TrimSuffix(name, ".yaml"), domain)
	}
	for _, name := range l.names(dir, ".yml") {
		l.sheet(path.Join(dir, name)).fault("", "ends in .yml, which is not read; rename it to .yaml")
	}
}

// names returns the files of a folder that end in suffix, sorted; none where there is no such folder.
func (l *loader) names(dir, suffix string) []string {
	entries, err := fs.ReadDir(l.fsys, dir)
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		if !e.IsDir() && strings.HasSuffix(e.Name(), suffix) && !strings.HasPrefix(e.Name(), ".") {
			out = append(out, e.Name())
		}
	}
	slices.Sort(out)
	return out
}

func (l *loader) sheet(file string) *sheet {
	s := newSheet(file)
	l.sheets = append(l.sheets, s)
	return s
}

func (l *loader) read(s *sheet) ([]byte, bool) {
	text, err := fs.ReadFile(l.fsys, s.file)
	if err != nil {
		s.fault("", "cannot be read: %v", err)
	}
	return text, err == nil
}

func (l *loader) codeList(file, name string) {
	s := l.sheet(file)
	text, ok := l.read(s)
	if !ok {
		return
	}
	if other, taken := l.lists[name]; taken {
		s.fault("", "the code list %q is already in %s; rename one", name, other.file)
		return
	}
	if c := s.codes(name, text); c != nil {
		l.lists[name] = &list{s, c}
	}
}

// file reads one YAML file by the kind that its name tells. Reports are read by those who send them.
func (l *loader) file(file, name, domain string) {
	base, kind, _ := strings.Cut(name, ".")
	if kind == "report" {
		return
	}
	s := l.sheet(file)
	text, ok := l.read(s)
	if !ok {
		return
	}
	o := s.root(text)
	if o == nil {
		return
	}
	switch kind {
	case "":
		l.dataset(s, o, base, domain)
	case "metrics":
		l.metrics = append(l.metrics, &family{s, base, s.metrics(o, base)})
	case "dashboard":
		l.dashboards = append(l.dashboards, &page{s, s.dashboard(o, base, domain)})
	default:
		s.fault("", "is no known kind of file; name it <dataset>.yaml, <dataset>.metrics.yaml, <name>.dashboard.yaml or <name>.report.yaml")
	}
}

func (l *loader) dataset(s *sheet, o *object, name, domain string) {
	d := s.dataset(o)
	if d.Name != "" && d.Name != name {
		s.fault("name", "is %q, but the file is %s.yaml; make them the same", d.Name, name)
	}
	d.Name, d.Domain = name, domain
	if d.Title == "" {
		d.Title = name
	}
	if other, taken := l.sets[name]; taken {
		s.fault("", "the dataset %q is already in %s; rename one", name, other.file)
		return
	}
	l.sets[name] = &set{s, d}
	lockFile := path.Join(path.Dir(s.file), name+".lock.json")
	if text, err := fs.ReadFile(l.fsys, lockFile); err == nil {
		d.IDs = l.sheet(lockFile).readLock(text)
	}
}

func (l *loader) faults() []Fault {
	var all []Fault
	for _, s := range l.sheets {
		all = append(all, s.faults...)
	}
	return all
}

func (l *loader) registry() *Registry {
	var sets []*Dataset
	var lists []*Codes
	var boards []*Dashboard
	for _, s := range l.sets {
		sets = append(sets, s.ds)
	}
	for _, c := range l.lists {
		lists = append(lists, c.codes)
	}
	for _, p := range l.dashboards {
		boards = append(boards, p.board)
	}
	slices.SortFunc(boards, func(a, b *Dashboard) int { return strings.Compare(a.Name, b.Name) })
	return NewRegistry(sets, lists, boards)
}
