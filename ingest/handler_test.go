package ingest_test

import (
	"strings"
	"testing"
)

func TestLifeOfAPass(t *testing.T) {
	t.Parallel()
	w, path := withPass(t, setup{})
	got := w.want(200, "GET", path, "")
	if got.header.Get("ETag") != `"1"` {
		t.Errorf("ETag %s", got.header.Get("ETag"))
	}
	m := got.json(t)
	if m["status"] != "APPLIED" || m["createdAt"] != "2026-11-20T06:00:00.000Z" || m["startAt"] != "2026-11-20T08:00:00.000Z" || m["selfDriven"] != false {
		t.Errorf("got %v", m)
	}
	if n := w.item("movement-pass_applicants_v1", phone)["appliedCount"].Text; n != "1" {
		t.Errorf("appliedCount %s", n)
	}
	w.want(200, "POST", path+"/approve", "", "Test-Viewer", "approver")
	m = w.want(200, "GET", path, "").json(t)
	if m["status"] != "APPROVED" || m["decidedBy"] != "approver" || m["version"].(interface{ String() string }).String() != "2" {
		t.Errorf("got %v", m)
	}
	if n := w.item("movement-pass_applicants_v1", phone)["approvedCount"].Text; n != "1" {
		t.Errorf("approvedCount %s", n)
	}
	w.want(409, "POST", path+"/reject", "", "Test-Viewer", "approver")
	w.want(204, "DELETE", path, "")
	w.want(404, "GET", path, "")
	if !strings.HasPrefix(path, passes+"/") {
		t.Errorf("Location %s", path)
	}
}
