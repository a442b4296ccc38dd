package function

import (
	"archive/zip"
	"bytes"
	"context"
	"os"
	"path"
	"strings"

	"github.com/tarn-lake/tarn/internal/config"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/schemas"
)

// schemas loads the dataset files from where the setting says.
func (b *Base) schemas(ctx context.Context, from string) (*schemas.Registry, error) {
	switch {
	case from == "":
		return schemas.Load(schemas.Embedded())
	case strings.HasPrefix(from, "s3://"):
		return b.zipped(ctx, from)
	}
	if info, err := os.Stat(from); err != nil || !info.IsDir() {
		return nil, fault.New(fault.Invalid, "TARN_SCHEMAS: %s is not a folder of the function's package", from)
	}
	return some(schemas.LoadDir(from))
}

// zipped loads the files of a zip in a bucket: one request, and the files belong together.
func (b *Base) zipped(ctx context.Context, from string) (*schemas.Registry, error) {
	folder, name := path.Split(strings.TrimPrefix(from, "s3://"))
	var at config.Location
	if err := at.UnmarshalText([]byte("s3://" + folder)); err != nil || !strings.HasSuffix(name, ".zip") {
		return nil, fault.New(fault.Invalid, "TARN_SCHEMAS: %q is no zip in a bucket: write s3://bucket/schemas.zip", from)
	}
	body, err := b.Bucket(at).Get(ctx, name)
	if err != nil {
		return nil, err
	}
	files, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "%s is not a zip", from)
	}
	return some(schemas.Load(files))
}

func some(r *schemas.Registry, err error) (*schemas.Registry, error) {
	if err == nil && len(r.Datasets()) == 0 {
		return nil, fault.New(fault.Invalid, "TARN_SCHEMAS: there is no dataset file")
	}
	return r, err
}
