package main_test

import (
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/infra/internal/deploy"
)

// encrypted says for each kind of resource that keeps or passes data on what in its template shows that it is encrypted.
var encrypted = map[string]string{
	"AWS::Athena::WorkGroup":      `"EncryptionOption":"SSE_KMS"`,
	"AWS::Backup::BackupVault":    `"EncryptionKeyArn":`,
	"AWS::CodeBuild::Project":     `"EncryptionKey":`,
	"AWS::CodePipeline::Pipeline": `"EncryptionKey":`,
	"AWS::DynamoDB::Table":        `"SSEType":"KMS"`,
	"AWS::Lambda::Function":       `"KmsKeyArn":`,
	"AWS::Logs::LogGroup":         `"KmsKeyId":`,
	"AWS::S3::Bucket":             `"ServerSideEncryptionConfiguration":`,
	"AWS::SNS::Topic":             `"KmsMasterKeyId":`,
	"AWS::SQS::Queue":             `"SqsManagedSseEnabled":true`,
	"AWS::SecretsManager::Secret": `"KmsKeyId":`,
}

func TestEverythingIsEncrypted(t *testing.T) {
	each(t, func(t *testing.T, w *world, env string) {
		seen := map[string]bool{}
		for _, r := range w.of(env, "") {
			want, keeps := encrypted[r.Type]
			if !keeps || r.Type == "AWS::Lambda::Function" && r.Properties["Handler"] != "bootstrap" {
				continue // the library's functions are told nothing
			}
			seen[r.Type] = true
			if !strings.Contains(text(r.Properties), want) {
				t.Errorf("%s is not encrypted: it has no %s", r, want)
			}
		}
		for kind := range encrypted {
			if !seen[kind] && env == "prod" {
				t.Errorf("no %s was looked at", kind)
			}
		}
	})
}

func TestTheLakeIsEncryptedWithOurKey(t *testing.T) {
	each(t, func(t *testing.T, w *world, env string) {
		for _, b := range w.of(env, "AWS::S3::Bucket") {
			if !strings.HasPrefix(b.id, "Lake") && !strings.HasPrefix(b.id, "Results") && !strings.HasPrefix(b.id, "Uploads") {
				continue
			}
			if enc := text(b.Properties["BucketEncryption"]); !strings.Contains(enc, "aws:kms") || !strings.Contains(enc, "KMSMasterKeyID") {
				t.Errorf("%s: %s", b, enc)
			}
		}
	})
}

func TestBucketsTakeTLSAndNoStrangers(t *testing.T) {
	each(t, func(t *testing.T, w *world, env string) {
		buckets := 0
		for _, b := range w.of(env, "AWS::S3::Bucket") {
			buckets++
			want := `{"BlockPublicAcls":true,"BlockPublicPolicy":true,"IgnorePublicAcls":true,"RestrictPublicBuckets":true}`
			if got := text(b.Properties["PublicAccessBlockConfiguration"]); got != want {
				t.Errorf("%s: %s", b, got)
			}
			if owner := text(b.Properties["OwnershipControls"]); !strings.Contains(owner, "BucketOwner") {
				t.Errorf("%s: somebody else may own what is in it: %s", b, owner)
			}
		}
		tls := 0
		for _, p := range w.of(env, "AWS::S3::BucketPolicy") {
			for _, st := range deploy.Statements(p.Properties["PolicyDocument"]) {
				if st.Effect == "Deny" && strings.Contains(text(st.Condition), `"aws:SecureTransport":"false"`) {
					tls++
				}
				stranger(t, p, st)
			}
		}
		if tls != buckets {
			t.Errorf("%d of %d buckets insist on TLS", tls, buckets)
		}
	})
}

// stranger fails where a policy lets everybody in.
func stranger(t *testing.T, of resource, st deploy.Statement) {
	t.Helper()
	if p := text(st.Principal); st.Effect == "Allow" && (p == `"*"` || p == `{"AWS":"*"}`) {
		t.Errorf("%s lets everybody %v", of, st.Action)
	}
}

// Nothing can be reached from outside but CloudFront and the HTTP API.
func TestNothingIsPublicButTheFront(t *testing.T) {
	outside := map[string]bool{"AWS::CloudFront::Distribution": true, "AWS::ApiGatewayV2::Api": true}
	doors := []string{"AWS::Lambda::Url", "AWS::ElasticLoadBalancing", "AWS::ApiGateway::", "AWS::AppSync::", "AWS::EC2::InternetGateway", "AWS::EC2::NatGateway", "AWS::EC2::EIP", "AWS::Cognito::IdentityPool"}
	each(t, func(t *testing.T, w *world, env string) {
		front := map[string]int{}
		for _, r := range w.of(env, "") {
			if outside[r.Type] {
				front[r.Type]++
			}
			for _, d := range doors {
				if strings.HasPrefix(r.Type, d) {
					t.Errorf("%s can be reached from outside", r)
				}
			}
			for _, property := range []string{"PolicyDocument", "KeyPolicy", "ResourcePolicy"} {
				for _, st := range deploy.Statements(r.Properties[property]) {
					stranger(t, r, st)
				}
			}
			if r.Type == "AWS::Lambda::Permission" && (!strings.Contains(text(r.Properties["SourceArn"]), "Door")) {
				t.Errorf("%s: anybody's API may call the function", r)
			}
			if strings.Contains(text(r.Properties), `"0.0.0.0/0"`) && strings.Contains(text(r.Properties), "Ingress") {
				t.Errorf("%s takes calls from everywhere", r)
			}
		}
		if front["AWS::CloudFront::Distribution"] != 1 || front["AWS::ApiGatewayV2::Api"] != 1 {
			t.Errorf("the front is %v", front)
		}
	})
}

// Every route of the door asks for a token but those whose function checks who comes.
func TestRoutesAreGuarded(t *testing.T) {
	open := map[string]bool{"$default": true, "GET /v1/openapi.json": true}
	for _, prefix := range []string{"", "/v1"} {
		for _, path := range []string{"/identity/{proxy+}", "/passes", "/passes/{proxy+}", "/photos/{proxy+}"} {
			open["ANY "+prefix+path] = true
		}
	}
	each(t, func(t *testing.T, w *world, env string) {
		guarded := 0
		for _, r := range w.of(env, "AWS::ApiGatewayV2::Route") {
			switch key := r.Properties["RouteKey"].(string); {
			case r.Properties["AuthorizationType"] == "JWT" && r.Properties["AuthorizerId"] != nil:
				guarded++
			case !open[key]:
				t.Errorf("%s lets everybody in", key)
			}
		}
		if guarded == 0 {
			t.Error("no route is guarded")
		}
		for _, s := range w.of(env, "AWS::ApiGatewayV2::Stage") {
			if settings := text(s.Properties["DefaultRouteSettings"]); !strings.Contains(settings, "ThrottlingRateLimit") || !strings.Contains(settings, "ThrottlingBurstLimit") {
				t.Errorf("%s has no throttle: %s", s, settings)
			}
		}
		for _, d := range w.of(env, "AWS::CloudFront::Distribution") {
			if text(d.Properties["DistributionConfig"].(map[string]any)["WebACLId"]) == "null" {
				t.Errorf("%s has no firewall", d)
			}
		}
	})
}
