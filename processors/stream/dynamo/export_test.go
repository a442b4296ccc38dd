package dynamo

import "github.com/tarn-lake/tarn/internal/feed"

// ReadPage and ReadSlowly are the two ways to read a page.
func ReadPage(body []byte) (feed.Page, string, error) {
	a, err := read(body)
	return a.Page, a.next, err
}

func ReadSlowly(body []byte) (feed.Page, string, error) {
	a, err := slow(body)
	return a.Page, a.next, err
}
