package console

import (
	"bytes"
	"compress/gzip"
	"embed"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
)

//go:embed web/dist
var dist embed.FS

// assets serves the bundle. A file's name holds the hash of its content, so browsers may keep it for ever.
type assets struct {
	files   map[string]*asset // by file name
	address map[string]string // by name without the hash
}

type asset struct {
	kind   string
	plain  []byte
	zipped func() []byte // compressed once; nil: not worth it
}

// openAssets reads the embedded bundle, which is there by construction.
func openAssets() *assets {
	a := &assets{files: map[string]*asset{}, address: map[string]string{}}
	entries, err := dist.ReadDir("web/dist")
	if err != nil {
		panic("console: the embedded bundle is missing: " + err.Error())
	}
	for _, e := range entries {
		body, err := fs.ReadFile(dist, "web/dist/"+e.Name())
		if err != nil {
			panic("console: " + err.Error())
		}
		f := &asset{kind: mime.TypeByExtension(path.Ext(e.Name())), plain: body}
		if len(body) > 1024 {
			f.zipped = sync.OnceValue(func() []byte { return zip(body) })
		}
		a.files[e.Name()] = f
		a.address[logical(e.Name())] = "/assets/" + e.Name()
	}
	return a
}

// logical takes the hash out of a file's name: main-KQ3XZ7AB.js is main.js.
func logical(name string) string {
	ext := path.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	if i := strings.LastIndex(stem, "-"); i > 0 {
		stem = stem[:i]
	}
	return stem + ext
}

func zip(body []byte) []byte {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		panic("console: " + err.Error()) // the level is a constant
	}
	_, _ = w.Write(body) // a buffer takes everything
	_ = w.Close()
	return out.Bytes()
}

// ServeHTTP answers with the file that the path names.
func (a *assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, ok := a.files[r.PathValue("name")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	body := f.plain
	if f.zipped != nil && acceptsGzip(r) {
		h.Set("Content-Encoding", "gzip")
		body = f.zipped()
	}
	_, _ = w.Write(body) // the client has gone when this fails
}

func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		coding, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(coding, "gzip") && strings.ReplaceAll(params, " ", "") != "q=0" {
			return true
		}
	}
	return false
}
