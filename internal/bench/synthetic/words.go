package synthetic

// Texts as they stand in JSON, escapes included.
var (
	givenNames = []string{
		"Abdul", "Ayesha", "Farhana", "Kamal", "Nusrat", "Rahim", "Salma", "Tanvir", "Shirin", "Mizanur", "Jahanara", "Imran", "Rokeya", "Habib", "Sadia", "Zahid",
		"রহিম", "আয়েশা", "কামাল", "নুসরাত", "সালমা", "তানভীর",
	}
	familyNames = []string{
		"Karim", "Hossain", "Begum", "Rahman", "Islam", "Chowdhury", "Akter", "Uddin", "Sarkar", "Khan", "Mia", "Sultana", "Bhuiyan", "Talukder",
		"হোসেন", "বেগম", "রহমান", "চৌধুরী",
	}
	reasons = []string{
		"Grocery shopping", "Medicine purchase", "Hospital visit", "Going to work", "Returning home", "Agricultural work", "Goods delivery", "Funeral",
		"Visiting a sick relative", "Bank", "Airport", "Business",
	}
	// One reason in sixteen was typed by hand.
	freeReasons = []string{
		`বাজার করতে যাবো`, `Mother is ill, \"urgent\"`, `Exam at school\nthen home`, `হাসপাতালে রোগী দেখা`, `\u0993\u09b7\u09c1\u09a7 \u0995\u09bf\u09a8\u09a4\u09c7`,
		`Wedding \ud83d\udc8d of my sister`, `Pick up 50\/50 share of rice\tfrom uncle`, `Office: C:\\desk 4`, `জরুরি কাজ / urgent work`, `Caf\u00e9 owner, opening for deliveries`,
	}
	streets = []string{"Mirpur Road", "Green Road", "Station Road", "College Road", "Jessore Road", "Bypass", "Lake Circus", "Kazi Nazrul Avenue", "New Market", "Sadarghat", "স্টেশন রোড", "কলেজ রোড"}
	goals   = []string{
		"Square Hospital", "Dhaka Medical College", "Karwan Bazar", "New Market", "Kamalapur Station", "Hazrat Shahjalal Airport", "District Court", "Central Bank",
		"ঢাকা মেডিকেল কলেজ", "কারওয়ান বাজার", "সদর হাসপাতাল", "Garment factory, Gazipur", "Village home", "Pharmacy at the corner", "Fish market", "University campus",
	}
	plates      = []string{"Dhaka Metro-GA", "Dhaka Metro-KA", "Chatta Metro-HA", "Sylhet-LA", "ঢাকা মেট্রো-গ", "Khulna-THA"}
	contactKeys = []string{"home", "office", "relative", "driver"}
	statuses    = []string{"APPLIED", "APPROVED", "REJECTED", "USED"}
	genders     = []string{"F", "M", "M", "F", "O"}
)

// States of a pass, as places in statuses.
const (
	applied = iota
	approved
	rejected
	used
)
