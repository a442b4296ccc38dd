//go:build integration

package console_test

import (
	"fmt"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/tarn-lake/tarn/query/console"
)

// TestRunningTarn looks at a Tarn that runs: TARN_PAGE is the address that it printed, with its token.
func TestRunningTarn(t *testing.T) {
	page := os.Getenv("TARN_PAGE")
	if page == "" {
		t.Skip("TARN_PAGE not set")
	}
	at, err := url.Parse(page)
	if err != nil {
		t.Fatal(err)
	}
	b := open(t, newFake(time.Now()), console.Options{})
	b.base = at.Scheme + "://" + at.Host
	b.size(1440, 900)
	b.do(chromedp.Navigate(page))
	for _, name := range []string{"last-7d", "today", "last-24h", "last-30d"} {
		b.do(chromedp.Click(chromedp.CSS(fmt.Sprintf(`[data-range=%q]`, name))))
		b.all()
		for _, problem := range eval[[]string](b, `[...document.querySelectorAll('.tile [role=alert]')].map(a => a.closest('.tile').dataset.tile + ': ' + a.textContent)`) {
			t.Errorf("%s: %s", name, problem)
		}
		b.shot("tarn-" + name)
	}
	b.size(375, 900)
	b.theme("dark")
	b.all()
	b.shot("tarn-375")
	b.quiet()
}
