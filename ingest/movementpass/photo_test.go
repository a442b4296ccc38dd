package movementpass_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/schemas"
)

func TestPhotos(t *testing.T) {
	t.Parallel()
	w := newWorld(t, schemas.Lenient, nil)
	asked := w.want(200, "POST", "/v1/identity/photo", `{"contentType":"image/png","filename":"My Face.PNG"}`).json(t)
	address, name := asked["url"].(string), asked["filename"].(string)
	if !strings.HasPrefix(address, w.url+"/photos/"+name+"?") || !strings.HasSuffix(name, ".png") {
		t.Fatalf("address %s, name %s", address, name)
	}
	png := []string{"Content-Type", "image/png", "Cache-Control", "public"}
	w.want(404, "GET", "/photos/"+name, "")
	w.want(403, "PUT", address, "photo", "Content-Type", "text/html")
	w.want(403, "PUT", "/photos/"+name, "photo", png...)
	w.want(403, "PUT", strings.Replace(address, name, strings.Repeat("0", 32)+".png", 1), "photo", png...)
	w.want(403, "PUT", strings.Replace(address, "expires=", "expires=9", 1), "photo", png...)
	w.want(400, "PUT", address, "", png...)
	w.want(413, "PUT", address, strings.Repeat("x", 5<<20+1), png...)
	w.want(200, "PUT", address, strings.Repeat("x", 5<<20), png...)
	w.want(200, "PUT", address, "photo", png...)
	got := w.want(200, "GET", "/v1/photos/"+name, "")
	if got.body != "photo" || got.header.Get("Content-Type") != "image/png" || got.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%q %v", got.body, got.header)
	}
	w.clock.advance(301 * time.Second)
	w.want(403, "PUT", address, "photo", png...)
	w.want(404, "GET", "/photos/"+strings.Repeat("0", 32)+".gif", "")
	w.want(404, "GET", "/photos/..%2f..%2fetc", "")
	w.want(405, "DELETE", "/photos/"+name, "")
}

func TestPhotoPreflightTakesAnyHeader(t *testing.T) {
	t.Parallel()
	w := newWorld(t, schemas.Lenient, nil)
	got := w.want(204, "OPTIONS", "/photos/x", "", "Origin", "https://movement-pass.com",
		"Access-Control-Request-Method", "PUT", "Access-Control-Request-Headers", "cache-control,content-type,x-amz-acl")
	if h := got.header; h.Get("Access-Control-Allow-Headers") != "cache-control,content-type,x-amz-acl" || !strings.Contains(h.Get("Access-Control-Allow-Methods"), "PUT") {
		t.Errorf("%v", h)
	}
}

func TestPhotoRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t, schemas.Lenient, nil)
	for body, want := range map[string]string{
		`{}`: "contentType is required; filename is required",
		`{"contentType":"image/gif","filename":"a.gif"}`:    "contentType must match",
		`{"contentType":"image/png","filename":"a.exe"}`:    "filename must match",
		`{"contentType":"ximage/pngx","filename":"a.png"}`:  "contentType must match",
		`{"contentType":"image/png","filename":"a.png.sh"}`: "filename must match",
	} {
		if got := w.want(400, "POST", "/identity/photo", body).errors(t); !strings.Contains(got, want) {
			t.Errorf("%s: %s", body, got)
		}
	}
	got := w.want(200, "POST", "/identity/photo", `{"contentType":"image/jpg","filename":"photo.jpg"}`, "Host", `evil"host`).json(t)
	if strings.Contains(got["url"].(string), `"`) {
		t.Errorf("url %v", got["url"])
	}
}
