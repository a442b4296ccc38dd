package demo

import (
	"fmt"
	"strconv"
	"time"

	"github.com/tarn-lake/tarn/internal/record"
)

// Person is somebody who registers.
type Person struct {
	Phone, Name, Gender, IDType, IDNumber, Photo string
	Born                                         time.Time
	District, Thana                              int
	Registered                                   time.Time

	home district
}

var given = []string{"Abdul", "Mohammad", "Fatema", "Ayesha", "Rahim", "Karim", "Nusrat", "Sadia", "Tanvir", "Imran", "Jahanara", "Sumaiya", "Rafiqul",
	"Shirin", "Hasan", "Mehedi", "Taslima", "Anika", "Farhana", "Sajid", "রহিমা", "আরিফ", "নাসরিন", "জাহিদ"}

var family = []string{"Rahman", "Hossain", "Islam", "Akter", "Begum", "Khan", "Chowdhury", "Ahmed", "Sultana", "Uddin", "Miah", "Sarkar", "Das", "Barua",
	"Mondal", "Khatun", "হোসেন", "আক্তার", "চৌধুরী"}

var idTypes = []string{"NID", "NID", "NID", "NID", "NID", "NID", "BR", "PP", "DL", "EID", "SID"}

// Person draws somebody who registers at an instant; n keeps phone numbers apart.
func (w *World) Person(n int, at time.Time) Person {
	d := w.district()
	gender := "M"
	if x := w.rng.Float64(); x < 0.33 {
		gender = "F"
	} else if x > 0.995 {
		gender = "O"
	}
	age := 18 + w.rng.ExpFloat64()*14
	if age > 88 {
		age = 25
	}
	return Person{
		Phone:      fmt.Sprintf("01%d%08d", 3+w.rng.IntN(7), (n*7_919+1_234_567)%100_000_000),
		Name:       pick(w, given) + " " + pick(w, family),
		Gender:     gender,
		IDType:     pick(w, idTypes),
		IDNumber:   strconv.FormatInt(1_000_000_000+w.rng.Int64N(8_999_999_999), 10),
		Photo:      "https://photos.movement-pass.example/" + w.hex32() + ".jpg",
		Born:       at.AddDate(0, 0, -int(age*365.25)-1).Truncate(24 * time.Hour),
		District:   d.id,
		Thana:      w.thana(d),
		Registered: at,
		home:       d,
	}
}

// Item returns the applicant as the service stores it at registration.
func (p Person) Item() record.Item {
	return record.Item{
		"id":            record.String(p.Phone),
		"name":          record.String(p.Name),
		"district":      number(p.District),
		"thana":         number(p.Thana),
		"dateOfBirth":   record.String(p.Born.Format(time.DateOnly)),
		"gender":        record.String(p.Gender),
		"idType":        record.String(p.IDType),
		"idNumber":      record.String(p.IDNumber),
		"photo":         record.String(p.Photo),
		"createdAt":     stamp(p.Registered),
		"appliedCount":  number(0),
		"approvedCount": number(0),
		"rejectedCount": number(0),
	}
}

const layout = "2006-01-02T15:04:05.000Z"

func stamp(t time.Time) record.Value { return record.String(t.UTC().Format(layout)) }

func number(n int) record.Value { return record.Number(strconv.Itoa(n)) }
