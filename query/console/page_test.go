//go:build integration

package console_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/query/console"
)

// opened is a page of the dashboard with every tile drawn.
func opened(t testing.TB, query string) (*browserPage, *fake) {
	t.Helper()
	api := newFake(time.Now())
	b := open(t, api, console.Options{Token: "secret", Version: "1.2.3",
		Tokens: map[string]viewer.Viewer{"sylhet": {ID: "nadia", Regions: []string{"sylhet"}, Roles: []string{"reader"}}}})
	b.size(1440, 900)
	b.do(chromedp.Navigate(b.base + "/?token=secret" + query))
	b.all()
	return b, api
}

func TestPageDrawsEveryTile(t *testing.T) {
	b, _ := opened(t, "")
	if n := eval[int](b, `document.querySelectorAll('.tile').length`); n != 11 {
		t.Errorf("got %d tiles", n)
	}
	for id, want := range map[string]string{"applications": ".value", "course": "canvas", "districts": ".bars li", "status": "canvas", "heat": "td.heat", "reasons": "tbody tr"} {
		if !eval[bool](b, fmt.Sprintf(`!!document.querySelector('[data-tile=%s] %s')`, id, want)) {
			t.Errorf("tile %s has no %s", id, want)
		}
	}
	if bare := eval[int](b, `[...document.querySelectorAll('.tile')].filter(t => !/Complete to \d\d:\d\d:\d\d/.test(t.textContent)).length`); bare != 0 {
		t.Errorf("%d tiles do not say how far their data reaches", bare)
	}
	if at := eval[string](b, `location.search`); at != "" {
		t.Errorf("the token stays in the address: %s", at)
	}
	b.quiet()
}

// TestHeadShowsAlarms: heartbeats that do not come through are seen at the head of the page, and only for as long.
func TestHeadShowsAlarms(t *testing.T) {
	b, api := opened(t, "")
	b.until(`document.querySelector('.top').dataset.status === 'live'`)
	shown := `(() => { const a = document.querySelector('.alarms'); return a.getBoundingClientRect().width > 0 ? a.textContent + ': ' + a.title : ''; })()`
	if text := eval[string](b, shown); text != "" {
		t.Errorf("without alarms the head says %q", text)
	}
	api.alarm(`["no heartbeat of passes has come through 2 of its shards for 3m0s", "the data of passes is 4m0s old"]`)
	b.until(shown + ` === '2 alarms: no heartbeat of passes has come through 2 of its shards for 3m0s\nthe data of passes is 4m0s old'`)
	b.shot("alarms")
	b.size(375, 900)
	if over := eval[int](b, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); over > 0 {
		t.Errorf("on a small screen alarms make the page %d px too wide", over)
	}
	b.shot("alarms-375")
	api.alarm(`[]`)
	b.until(shown + ` === ''`)
	b.quiet()
}

// TestThePeriodBeforeSaysWhatItLacks: a figure is compared with one that leaves something out, and the tile says so; not of its own.
func TestThePeriodBeforeSaysWhatItLacks(t *testing.T) {
	b, api := opened(t, "")
	earlier := func(tile string) string {
		return fmt.Sprintf(`(() => { const e = document.querySelector('[data-tile=%s] .earlier'); return e.getBoundingClientRect().width > 0 ? e.innerText.replace(/\s+/g, ' ').trim() : ''; })()`, tile)
	}
	for _, tile := range []string{"applications", "course", "moving"} {
		if text := eval[string](b, earlier(tile)); text != "" {
			t.Errorf("nothing is left out, and %s says %q", tile, text)
		}
	}
	api.lack(map[string]any{"heldBack": 2, "holes": []map[string]string{{"id": "h", "from": "2026-11-12T02:00:00Z", "to": "2026-11-12T03:30:00Z", "reason": "its batches never landed"}}})
	b.do(chromedp.Reload())
	b.all()
	for _, tile := range []string{"applications", "approval", "decision", "course"} {
		if text := eval[string](b, earlier(tile)); text != "Period before 1 hole: changes are missing 2 rows held back" {
			t.Errorf("%s says %q", tile, text)
		}
		if text := eval[string](b, fmt.Sprintf(`document.querySelector('[data-tile=%s] .tile-foot > .notes.stale').textContent`, tile)); text != "" {
			t.Errorf("%s says of its own period: %q", tile, text)
		}
	}
	if text := eval[string](b, earlier("moving")); text != "" {
		t.Errorf("a tile that compares nothing says %q", text)
	}
	if title := eval[string](b, `document.querySelector('[data-tile=applications] .earlier .stale').title`); title != "Thu 12 Nov 2026, 08:00:00 (Asia/Dhaka) – Thu 12 Nov 2026, 09:30:00 (Asia/Dhaka): its batches never landed" {
		t.Errorf("the hole is %q", title)
	}
	for _, theme := range []string{"light", "dark"} {
		for _, width := range []int64{375, 1440} {
			b.theme(theme)
			b.size(width, 900)
			b.all()
			if over := eval[int](b, `Math.max(...[document.documentElement, ...document.querySelectorAll('.tile-foot')].map(e => e.scrollWidth - e.clientWidth))`); over > 0 {
				t.Errorf("at %d px what the period before lacks is %d px too wide", width, over)
			}
			b.shot(fmt.Sprintf("before-%s-%d", theme, width))
		}
	}
	eval[chromedp.Void](b, `document.querySelector('[data-tile=applications] .earlier .held').click()`)
	if text := eval[string](b, `document.querySelector('dialog').textContent`); !strings.Contains(text, "2 rows could not be read and lie in quarantine, so the figures of the period before do not count them.") {
		t.Errorf("the window says %q", text)
	}
	b.quiet()
}

func TestPageFitsEveryScreen(t *testing.T) {
	b, _ := opened(t, "")
	for _, theme := range []string{"light", "dark"} {
		for _, width := range []int64{375, 768, 1440, 1920} {
			b.theme(theme)
			b.size(width, 900)
			b.all()
			if over := eval[int](b, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); over > 0 {
				t.Errorf("at %d px the page is %d px too wide", width, over)
			}
			b.shot(fmt.Sprintf("%s-%d", theme, width))
		}
	}
	b.quiet()
}

// TestATableFillsItsTile: a tile is as high as the highest beside it, and a table that has more rows than it shows leaves none of
// that empty.
func TestATableFillsItsTile(t *testing.T) {
	b, _ := opened(t, "")
	height := `document.querySelector('[data-tile=reasons] .scroll').clientHeight`
	eval[chromedp.Void](b, `(() => { const rows = document.querySelector('[data-tile=reasons] tbody'); for (let i = 0; i < 40; i++) rows.append(rows.firstElementChild.cloneNode(true)); })()`)
	if got := eval[int](b, height); got < 240 || got > 400 {
		t.Errorf("alone a table with many rows is %d px high", got)
	}
	eval[chromedp.Void](b, `document.querySelector('[data-tile=reasons]').style.minHeight = '800px'`)
	if got := eval[int](b, height); got < 600 {
		t.Errorf("in a tile of 800 px a table with many rows is %d px high", got)
	}
}

func TestFiltersNarrowEveryTileAndTheAddress(t *testing.T) {
	b, api := opened(t, "")
	before := eval[string](b, `document.querySelector('[data-tile=applications] .value').textContent`)
	api.asked()
	b.do(chromedp.Click(chromedp.CSS(`[data-range="last-30d"]`)))
	b.until(`location.search === '?range=last-30d'`)
	b.do(chromedp.Click(chromedp.CSS(`.filters .pop:nth-child(3) button`)), chromedp.Click(chromedp.CSS(`.choice:nth-child(3)`)), chromedp.Click(chromedp.CSS(`.choice:nth-child(8)`)))
	b.until(`location.search === '?range=last-30d&division=dhaka,sylhet'`)
	b.do(chromedp.KeyEvent(kb.Escape))
	b.all()
	narrowed := slices.ContainsFunc(api.asked(), func(q question) bool {
		return q.Range.Name == "last-30d" && len(q.Filters) == 1 && slices.Equal(q.Filters[0].Values, []string{"dhaka", "sylhet"})
	})
	if !narrowed {
		t.Error("no question has the range and the divisions")
	}
	if now := eval[string](b, `document.querySelector('[data-tile=applications] .value').textContent`); now == before {
		t.Errorf("the figure stays at %s", now)
	}
	b.do(chromedp.Reload())
	b.all()
	if pressed := eval[string](b, `document.querySelector('.segment[aria-pressed=true]').dataset.range`); pressed != "last-30d" {
		t.Errorf("the address does not bring back the range: %s", pressed)
	}
	eval[chromedp.Void](b, `history.back()`)
	b.until(`location.search === '?range=last-30d&division=dhaka'`)
	b.until(`document.querySelector('.filters .pop:nth-child(3) button').textContent === 'Dhaka'`)
	b.quiet()
}

func TestCustomRange(t *testing.T) {
	b, api := opened(t, "&range=2026-11-01..2026-11-08")
	if !slices.ContainsFunc(api.asked(), func(q question) bool { return q.Range.From == "2026-11-01" && q.Range.To == "2026-11-08" }) {
		t.Error("the days of the address are not asked for")
	}
	if label := eval[string](b, `document.querySelector('.filters .pop:nth-child(2) button').textContent`); label != "1–7 Nov" {
		t.Errorf("got the label %q", label)
	}
	b.do(chromedp.Click(chromedp.CSS(`.filters .pop:nth-child(2) button`)))
	b.shot("custom")
	eval[chromedp.Void](b, `(() => { const [a, z] = document.querySelectorAll('input[type=date]'); a.value = '2026-11-03'; z.value = '2026-11-05'; })()`)
	b.do(chromedp.Click(chromedp.CSS(`.form button`)))
	b.until(`location.search === '?range=2026-11-03..2026-11-06'`)
	b.quiet()
}

func TestMeaninglessRangesAreTheUsualOne(t *testing.T) {
	b, api := opened(t, "&range=bogus")
	if pressed := eval[string](b, `document.querySelector('[data-range][aria-pressed=true]').dataset.range`); pressed != "last-7d" {
		t.Errorf("the pressed range is %q", pressed)
	}
	if slices.ContainsFunc(api.asked(), func(q question) bool { return q.Range.Name == "bogus" }) {
		t.Error("the service is asked for a range that means nothing")
	}
	b.quiet()
}

// applications reads the figure of the first tile.
const applications = `Number(document.querySelector('[data-tile=applications] .value').textContent.replace(/\D/g, ''))`

func TestLiveFigures(t *testing.T) {
	b, api := opened(t, "")
	b.until(`document.querySelector('.top').dataset.status === 'live'`)
	for range 3 {
		before := eval[int](b, applications)
		api.add(17)
		b.until(fmt.Sprintf(`%s === %d`, applications, before+17))
	}
	b.do(chromedp.Click(chromedp.CSS(`[data-live=toggle]`)))
	b.until(`document.querySelector('.top').dataset.status === 'paused'`)
	before := eval[int](b, applications)
	api.asked()
	api.add(5)
	b.do(chromedp.Click(chromedp.CSS(`[data-live=toggle]`)))
	b.until(fmt.Sprintf(`%s === %d`, applications, before+5))
	b.quiet()
}

// BenchmarkLiveFigure is the time from a commit until its figure stands on the page, which is to be half a second at most.
func BenchmarkLiveFigure(b *testing.B) {
	page, api := opened(b, "")
	page.until(`document.querySelector('.top').dataset.status === 'live'`)
	for b.Loop() {
		b.StopTimer()
		before := eval[int](page, applications)
		b.StartTimer()
		api.add(17)
		page.until(fmt.Sprintf(`%s === %d`, applications, before+17))
	}
	page.quiet()
}

func TestKeyboardPath(t *testing.T) {
	b, _ := opened(t, "")
	press := func(keys ...string) {
		for _, k := range keys {
			b.do(chromedp.KeyEvent(k))
		}
	}
	focused := func() string {
		return eval[string](b, `document.activeElement.textContent || document.activeElement.ariaLabel`)
	}
	eval[chromedp.Void](b, `document.activeElement.blur()`)
	press(kb.Tab)
	if got := focused(); got != "Skip to the figures" {
		t.Errorf("first comes %q", got)
	}
	eval[chromedp.Void](b, `document.querySelector('[data-tile=applications] button').focus()`)
	press(kb.Enter)
	if got := focused(); got != "Refresh" {
		t.Errorf("the menu begins with %q", got)
	}
	b.shot("menu")
	press(kb.ArrowDown, kb.Enter)
	b.until(`!!document.querySelector('[data-tile=applications] table')`)
	if got := eval[string](b, `document.activeElement.ariaLabel`); got != "Applications: more" {
		t.Errorf("after the menu the focus is on %q", got)
	}
	press(kb.Enter, kb.End, kb.Enter)
	b.until(`!!document.querySelector('dialog[open] .sql')`)
	b.shot("sql")
	press(kb.Escape)
	b.until(`!document.querySelector('dialog')`)
	b.quiet()
}

func TestDownload(t *testing.T) {
	b, _ := opened(t, "")
	dir := t.TempDir()
	if _, err := chromedp.CallBrowser(b.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir, EventsEnabled: new(true)}); err != nil {
		t.Fatal(err)
	}
	done := chromedp.BrowserEvents(b.ctx, browser.DownloadProgress)
	eval[chromedp.Void](b, `document.querySelector('[data-tile=applications] button').click()`)
	eval[chromedp.Void](b, `[...document.querySelectorAll('[role=menuitem]')].find(i => i.textContent === 'Download CSV').click()`)
	for e, err := range done {
		if err != nil {
			t.Fatal(err)
		}
		if e.State == browser.DownloadProgressStateCompleted {
			break
		}
	}
	found, err := filepath.Glob(filepath.Join(dir, "applications-*.csv"))
	if err != nil || len(found) != 1 {
		t.Fatalf("got %v, %v", found, err)
	}
	if text, err := os.ReadFile(found[0]); err != nil || !strings.HasPrefix(string(text), "applications\r\n") {
		t.Errorf("got %q, %v", text, err)
	}
	b.quiet()
}

func TestEmptyAndBroken(t *testing.T) {
	b, api := opened(t, "")
	api.set("empty")
	b.do(chromedp.Click(chromedp.CSS(`[data-range="today"]`)))
	b.all()
	if text := eval[string](b, `document.querySelector('[data-tile=course] .state').textContent`); !strings.Contains(text, "No applications in this range") {
		t.Errorf("empty: got %q", text)
	}
	b.shot("empty")
	b.quiet()
	api.set("broken")
	b.do(chromedp.Click(chromedp.CSS(`[data-range="last-30d"]`)))
	b.all()
	if text := eval[string](b, `document.querySelector('[data-tile=course] [role=alert]').textContent`); !strings.Contains(text, "out of its memory") {
		t.Errorf("broken: got %q", text)
	}
	b.theme("dark")
	b.shot("broken")
	api.set("")
	eval[chromedp.Void](b, `document.querySelectorAll('.state .button').forEach(x => x.click())`)
	b.all()
	if n := eval[int](b, `document.querySelectorAll('.state').length`); n != 0 {
		t.Errorf("%d tiles stay broken", n)
	}
}

func TestSignInAndOneRegion(t *testing.T) {
	b, _ := opened(t, "")
	eval[chromedp.Void](b, `fetch('/session/end', {method: 'POST'}).then(() => {})`)
	b.do(chromedp.Navigate(b.base))
	b.shot("sign-in")
	b.do(chromedp.SendKeys(chromedp.CSS(`#token`), "wrong"+kb.Enter), chromedp.WaitVisible(chromedp.CSS(`#fault`)))
	b.do(chromedp.SendKeys(chromedp.CSS(`#token`), "sylhet"+kb.Enter), chromedp.WaitVisible(chromedp.CSS(`.avatar`)))
	b.all()
	if n := eval[int](b, `document.querySelectorAll('.filters .pop').length`); n != 1 {
		t.Error("somebody of one division is offered others")
	}
}
