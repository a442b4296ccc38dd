//go:build integration

package console_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/tarn-lake/tarn/query/console"
)

func TestShots(t *testing.T) {
	api := newFake(time.Now())
	b := open(t, api, console.Options{Token: "secret", Version: "1.2.3"})
	b.do(chromedp.Navigate(b.base + "/?token=secret"))
	for _, theme := range []string{"light", "dark"} {
		for _, width := range []int64{1440, 375} {
			b.theme(theme)
			b.size(width, 900)
			b.all()
			b.shot(fmt.Sprintf("%s-%d", theme, width))
		}
	}
	b.quiet()
}
