package embedded

import "encoding/binary"

// formatVersion is the layout of the folder that this program writes.
const formatVersion = 1

// Everything is a key of one ordered space. The first byte says what:
//
//	m<name>                                       settings: the catalog, the counters, positions of trimming
//	i<table><hash><partition><sort>               an item: where its newest version is, or the image itself
//	v<shard><sequence>                            a version: a change's feed record, which is also the item's image
//	x<table><index><partition><sort><item's key>  an item's place in an index; the value is the item's i key
//	t<table><second><item's key>                  when an item expires; the value is the item's i key
//
// A changed item's image is written once: the feed record holds it and the item points at it. The image before is the
// version before, which the record points at in turn and which is deleted when the record is trimmed.
const (
	metaSpace    = 'm'
	itemSpace    = 'i'
	versionSpace = 'v'
	indexSpace   = 'x'
	expirySpace  = 't'
)

const (
	catalogKey  = "mcatalog"
	countersKey = "mcounters"
	trimPrefix  = "mtrim"
)

const itemPrefixLen = 1 + 2 + 2 // space, table, hash

// appendItemKey appends the key of the item whose key attributes are encoded as partition and sort.
func appendItemKey(dst []byte, table uint16, hash uint32, partition, sort []byte) []byte {
	dst = append(dst, itemSpace)
	dst = binary.BigEndian.AppendUint16(dst, table)
	dst = binary.BigEndian.AppendUint16(dst, uint16(hash>>16))
	dst = append(dst, partition...)
	return append(dst, sort...)
}

func appendIndexPrefix(dst []byte, table, index uint16) []byte {
	dst = append(dst, indexSpace)
	dst = binary.BigEndian.AppendUint16(dst, table)
	return binary.BigEndian.AppendUint16(dst, index)
}

func appendExpiryKey(dst []byte, table uint16, second uint64, item []byte) []byte {
	dst = append(dst, expirySpace)
	dst = binary.BigEndian.AppendUint16(dst, table)
	dst = binary.BigEndian.AppendUint64(dst, second)
	return append(dst, item...)
}

// place is where a version is.
type place struct {
	shard uint32
	seq   uint64
}

const placeLen = 12

func (p place) appendTo(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, p.shard)
	return binary.BigEndian.AppendUint64(dst, p.seq)
}

func parsePlace(b []byte) place {
	return place{binary.BigEndian.Uint32(b), binary.BigEndian.Uint64(b[4:])}
}

func (p place) key() []byte { return p.appendTo(append(make([]byte, 0, 1+placeLen), versionSpace)) }

func trimKey(shard uint32) []byte { return binary.BigEndian.AppendUint32([]byte(trimPrefix), shard) }

// after returns the first key that does not begin with prefix.
func after(prefix []byte) []byte {
	end := append([]byte(nil), prefix...)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i] != 0xff {
			end[i]++
			return end[:i+1]
		}
	}
	return nil
}
