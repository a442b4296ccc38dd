package record

// Size returns the item's size as DynamoDB counts it, near enough to hold its limit of 400 KB: names and texts by their
// UTF-8 bytes, numbers by two digits a byte, three bytes for a list or map and one for each of its elements.
func (i Item) Size() int {
	n := 0
	for name, v := range i {
		n += len(name) + v.size()
	}
	return n
}

func (v Value) size() int {
	switch v.Kind {
	case S:
		return len(v.Text)
	case N:
		return numberSize(v.Text)
	case B:
		return len(v.Bytes)
	case M:
		return 3 + len(v.Map) + v.Map.Size()
	case L:
		n := 3 + len(v.List)
		for _, e := range v.List {
			n += e.size()
		}
		return n
	case SS, NS, BS:
		n := 0
		for _, e := range v.Set {
			if v.Kind == NS {
				n += numberSize(e)
			} else {
				n += len(e)
			}
		}
		return n
	default:
		return 1
	}
}

func numberSize(text string) int { return 1 + (len(text)+1)/2 }
