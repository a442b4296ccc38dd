package warehouse

import (
	"context"
	"time"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/schemas"
)

// Marks returns how far each lane of a stream is in the table that is furthest. A lane that some history does not know
// to be done is not done.
func (w *Warehouse) Marks(ctx context.Context, stream string) (lake.Watermarks, error) {
	beats, err := w.watermarks(ctx, schemas.HeartbeatTable)
	if err != nil {
		return nil, err
	}
	all := lake.Watermarks{}.Beyond(beats, stream)
	for _, d := range w.registry.ByStream(stream) {
		now, err := w.watermarks(ctx, d.ChangesTable())
		if err != nil {
			return nil, err
		}
		for lane, m := range now {
			known, ok := all[lane]
			m.Done = m.Done && (!ok || known.Done)
			if m.Seq < known.Seq {
				m.Seq, m.At = known.Seq, known.At
			}
			all[lane] = m
		}
	}
	return all, nil
}

// Complete returns for datasets that have a stream the instant up to which every open shard is in the lake. Datasets of
// which nothing has come yet, no heartbeat either, are not in it.
func (w *Warehouse) Complete(ctx context.Context, datasets []*schemas.Dataset) (map[string]time.Time, error) {
	beats, err := w.watermarks(ctx, schemas.HeartbeatTable) // before the histories: they then have all that came before these
	if err != nil {
		return nil, err
	}
	all := map[string]time.Time{}
	for _, d := range datasets {
		if d.Stream == "" {
			continue
		}
		marks, err := w.watermarks(ctx, d.ChangesTable())
		if err != nil {
			return nil, err
		}
		if at, open := marks.Beyond(beats, d.Stream).CompleteTo(); open {
			all[d.Name] = at
		}
	}
	return all, nil
}

// watermarks returns those of a table; none where it is not there yet.
func (w *Warehouse) watermarks(ctx context.Context, table string) (lake.Watermarks, error) {
	now, err := w.Catalog.Newest(ctx, table)
	if now == nil || err != nil {
		return nil, err
	}
	return now.Watermarks, nil
}
