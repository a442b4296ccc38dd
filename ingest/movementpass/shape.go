package movementpass

import (
	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/schemas"
)

// hours is how long a pass may last.
var hours = [2]float64{1, 12} // never changed

// shapes builds what is asked and answered of the datasets' own fields, under the clients' names.
func (a *api) shapes(registry *schemas.Registry) error {
	passes, ok := registry.Dataset("passes")
	applicants, ok2 := registry.Dataset("applicants")
	if !ok || !ok2 {
		return fault.New(fault.NotFound, "the Movement Pass contract needs the datasets applicants and passes")
	}
	if districts, ok := registry.Codes("districts"); ok {
		a.division = districts.Map("division")
	}
	form, err := fields(passes, "fromLocation", "toLocation", "district", "thana", "type", "reason",
		"includeVehicle", "vehicleNo", "selfDriven", "driverName", "driverLicenseNo")
	if err != nil {
		return err
	}
	a.apply = ingest.NewShape("an application", append(form,
		schemas.Field{Name: "dateTime", Type: schemas.Timestamp, Required: true},
		schemas.Field{Name: "durationInHour", Type: schemas.Int32, Required: true, Min: &hours[0], Max: &hours[1]},
		schemas.Field{Name: "token", Type: schemas.String, MaxLength: maxToken}))
	person, err := fields(applicants, "name", "id", "district", "thana", "dateOfBirth", "gender", "idType", "idNumber", "photo")
	if err != nil {
		return err
	}
	person[1].Name = "mobilePhone"
	a.register = ingest.NewShape("a registration", person)
	a.login = ingest.NewShape("a login", []schemas.Field{
		person[1], {Name: "dateOfBirth", Type: schemas.String, Required: true, Pattern: `\d{8}`},
	})
	a.photo = ingest.NewShape("a photo", []schemas.Field{
		{Name: "contentType", Type: schemas.String, Required: true, Pattern: `image/(png|jpg|jpeg)`},
		{Name: "filename", Type: schemas.String, Required: true, Pattern: `(?i).*\.(png|jpg|jpeg)`, MaxLength: 255},
	})
	return a.answers(passes, applicants)
}

func (a *api) answers(passes, applicants *schemas.Dataset) error {
	shown, err := fields(passes, "id", "fromLocation", "toLocation", "district", "thana", "startAt", "endAt", "type", "reason",
		"includeVehicle", "vehicleNo", "selfDriven", "driverName", "driverLicenseNo", "status", "createdAt")
	if err != nil {
		return err
	}
	a.pass = ingest.NewShape("a pass", shown)
	shown, err = fields(applicants, "id", "name", "district", "thana", "dateOfBirth", "gender", "idType", "idNumber", "photo",
		"createdAt", "appliedCount", "approvedCount", "rejectedCount")
	a.applicant = ingest.NewShape("an applicant", shown)
	return err
}

// fields returns copies of the dataset's fields of those names.
func fields(ds *schemas.Dataset, names ...string) ([]schemas.Field, error) {
	var out []schemas.Field
	for _, name := range names {
		f, ok := ds.Field(name)
		if !ok {
			return nil, fault.New(fault.Invalid, "the Movement Pass contract needs the field %s of %s", name, ds.Name)
		}
		out = append(out, *f)
	}
	return out, nil
}
