package node

import (
	"context"
	"io"

	"github.com/tarn-lake/tarn/internal/blob/mirror"
)

// OfBucket returns a node that can do nothing but read a bucket's files through copies.
func OfBucket(bucket mirror.Source, copies *mirror.Mirror) *Node {
	return &Node{files: opened{Source: bucket}, copies: copies}
}

// opened is a bucket that is only read.
type opened struct {
	files
	mirror.Source
}

func (o opened) Open(ctx context.Context, key string) (interface {
	io.ReaderAt
	io.Closer
}, int64, error) {
	return o.Source.Open(ctx, key)
}

// IsBroken is isBroken.
func (n *Node) IsBroken(ctx context.Context, path string) (bool, error) { return n.isBroken(ctx, path) }

// IsLost is lost.
func (n *Node) IsLost(ctx context.Context, path string, size int64) bool {
	return n.lost(ctx, path, size)
}

// PartOf is partOf.
const PartOf = partOf
