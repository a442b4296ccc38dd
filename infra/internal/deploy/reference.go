package deploy

import (
	"slices"
	"strings"
)

// Place is one resource of an assembly.
type Place struct{ Stack, ID string }

// References finds out which resources a value of a template names, in its own stack and in others, and in other regions.
type References struct {
	exports map[string]Place // by the export's name
}

// References reads what the stacks of the assembly give to each other.
func (a Assembly) References() *References {
	r := &References{exports: map[string]Place{}}
	for _, s := range a.Stacks {
		for _, o := range s.Template.Outputs {
			output, _ := o.(map[string]any)
			export, _ := output["Export"].(map[string]any)
			if name, ok := export["Name"].(string); ok {
				r.take(name, s.Name, output["Value"])
			}
		}
		for _, res := range s.Template.Resources {
			props, _ := res.Properties["WriterProps"].(map[string]any)
			exports, _ := props["exports"].(map[string]any)
			for name, value := range exports {
				r.take(name, s.Name, value)
			}
		}
	}
	return r
}

func (r *References) take(name, stack string, value any) {
	if found := r.In(stack, value); len(found) == 1 {
		r.exports[name] = found[0]
	}
}

// In returns the resources that a value of a stack's template names.
func (r *References) In(stack string, value any) []Place {
	var found []Place
	switch v := value.(type) {
	case []any:
		for _, x := range v {
			found = append(found, r.In(stack, x)...)
		}
	case map[string]any:
		for key, x := range v {
			found = append(found, r.named(stack, key, x)...)
		}
	}
	slices.SortFunc(found, func(a, b Place) int { return strings.Compare(a.Stack+"/"+a.ID, b.Stack+"/"+b.ID) })
	return slices.Compact(found)
}

func (r *References) named(stack, key string, x any) []Place {
	switch key {
	case "Ref":
		if id, ok := x.(string); ok && !strings.Contains(id, "::") {
			return []Place{{stack, id}}
		}
	case "Fn::GetAtt":
		parts, _ := x.([]any)
		if len(parts) != 2 {
			return nil
		}
		attribute, _ := parts[1].(string)
		if p, ok := r.exports[attribute]; ok { // of another region
			return []Place{p}
		}
		if id, ok := parts[0].(string); ok {
			return []Place{{stack, id}}
		}
	case "Fn::ImportValue":
		if name, ok := x.(string); ok {
			if p, ok := r.exports[name]; ok {
				return []Place{p}
			}
		}
	default:
		return r.In(stack, x)
	}
	return nil
}
