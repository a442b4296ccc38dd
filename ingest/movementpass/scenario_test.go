package movementpass_test

import (
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/schemas"
)

func TestLoadClient(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"", "/v1"} {
		t.Run("prefix "+prefix, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, schemas.Lenient, nil)
			loadClient(t, w, prefix)
		})
	}
}

// loadClient does what one virtual user of the load client does.
func loadClient(t *testing.T, w *world, prefix string) {
	t.Helper()
	photo := w.want(200, "POST", prefix+"/identity/photo", `{"contentType":"image/jpg","filename":"photo.jpg"}`).json(t)
	name := photo["filename"].(string)
	if len(name) != 36 || !strings.HasSuffix(name, ".jpg") || !strings.Contains(photo["url"].(string), name) {
		t.Fatalf("photo %v", photo)
	}
	first := w.want(200, "POST", prefix+"/identity/register", person(phone)).json(t)
	if first["type"] != "bearer" || first["token"] == "" {
		t.Fatalf("register %v", first)
	}
	login := w.want(200, "POST", prefix+"/identity/login", `{"mobilePhone":"`+phone+`","dateOfBirth":"03021990"}`).json(t)
	token := login["token"].(string)
	applied := w.want(200, "POST", prefix+"/passes", application(`,"token":"`+token+`"`)).json(t)
	if applied["success"] != true {
		t.Fatalf("apply %v", applied)
	}
	list := w.want(200, "GET", prefix+"/passes", "", "authorization", "Bearer "+token).json(t)
	one := list["passes"].([]any)[0].(map[string]any)
	for _, name := range []string{"id", "toLocation", "district", "thana", "startAt", "endAt", "type", "status"} {
		if one[name] == nil {
			t.Errorf("the list has no %s", name)
		}
	}
	if one["applicantId"] != nil || one["token"] != nil || list["nextKey"] != nil {
		t.Errorf("list %v", list)
	}
	got := w.want(200, "GET", prefix+"/passes/"+one["id"].(string), "", "authorization", "Bearer "+token).json(t)
	who := got["applicant"].(map[string]any)
	for _, name := range []string{"id", "name", "photo", "dateOfBirth", "idNumber", "idType", "district", "thana", "approvedCount"} {
		if who[name] == nil {
			t.Errorf("the applicant has no %s", name)
		}
	}
	if got["endAt"] != "2026-11-20T11:00:00.000Z" || got["status"] != "APPLIED" || who["appliedCount"] != 1.0 {
		t.Errorf("detail %v", got)
	}
}
