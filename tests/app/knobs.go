// Knobs are the settings of the application. The environment sets them at the start, and POST /set
// changes them later. Other files define the effects of the knobs.
package main

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Knobs are all settings of the application. A nil duration means never.
type Knobs struct {
	Version         string
	Health          string
	HealthAfter     time.Duration
	HealthFailAfter *time.Duration
	HealthDelay     time.Duration
	RedirectTo      string
	Ready           string
	StartDelay      time.Duration
	CrashAfter      *time.Duration
	OOM             bool
	ErrorRatio      float64
	// Latency is the time before "/" responds.
	Latency time.Duration
	// HealthFailRatio is the share of requests for /health that fail.
	HealthFailRatio float64
	// HealthFailNext is the number of requests for /health that fail from now on.
	HealthFailNext int
	Dependency     string
	// Once is a URL that the process probes once instead of opening its ports.
	Once string
}

// DefaultKnobs returns the settings of a healthy application.
func DefaultKnobs() Knobs {
	return Knobs{
		Version:    "unknown",
		Health:     "ok",
		Ready:      "ok",
		RedirectTo: "http://elsewhere.invalid/",
	}
}

// namedFaults are the values of HEALTH other than ok, fail and a status code.
var namedFaults = []string{"refuse", "hang", "close", "flood", "garbage", "redirect"}

// knobNames are in the order of the README.
var knobNames = []string{
	"VERSION", "HEALTH", "HEALTH_AFTER", "HEALTH_FAIL_AFTER", "HEALTH_DELAY", "REDIRECT_TO",
	"READY", "START_DELAY", "CRASH_AFTER", "OOM", "DEPENDENCY", "ERROR_RATIO",
	"LATENCY", "HEALTH_FAIL_RATIO", "HEALTH_FAIL_NEXT", "ONCE",
}

// FromEnvironment returns the knobs that lookup finds, and the default of all others.
func FromEnvironment(lookup func(string) (string, bool)) (Knobs, error) {
	knobs := DefaultKnobs()
	for _, name := range knobNames {
		if value, set := lookup(name); set {
			if err := knobs.Set(name, value); err != nil {
				return knobs, err
			}
		}
	}
	return knobs, nil
}

// SetAll sets several knobs. If one of the values is invalid, it sets none.
func (k *Knobs) SetAll(values url.Values) error {
	changed := *k
	for name := range values {
		if err := changed.Set(name, values.Get(name)); err != nil {
			return err
		}
	}
	*k = changed
	return nil
}

// Set sets the knob with this name to a valid value.
func (k *Knobs) Set(name, value string) (err error) {
	switch name {
	case "VERSION":
		k.Version = value
	case "HEALTH":
		k.Health, err = health(value)
	case "HEALTH_AFTER":
		k.HealthAfter, err = seconds(value)
	case "HEALTH_FAIL_AFTER":
		k.HealthFailAfter, err = optionalSeconds(value)
	case "HEALTH_DELAY":
		k.HealthDelay, err = seconds(value)
	case "REDIRECT_TO":
		k.RedirectTo = value
	case "READY":
		if k.Ready = value; value != "ok" && value != "fail" {
			err = fmt.Errorf("%q is not ok or fail", value)
		}
	case "START_DELAY":
		k.StartDelay, err = seconds(value)
	case "CRASH_AFTER":
		k.CrashAfter, err = optionalSeconds(value)
	case "OOM":
		k.OOM, err = strconv.ParseBool(value)
	case "ERROR_RATIO":
		k.ErrorRatio, err = ratio(value)
	case "LATENCY":
		k.Latency, err = seconds(value)
	case "DEPENDENCY":
		k.Dependency, err = dependency(value)
	case "HEALTH_FAIL_RATIO":
		k.HealthFailRatio, err = ratio(value)
	case "HEALTH_FAIL_NEXT":
		k.HealthFailNext, err = count(value)
	case "ONCE":
		k.Once, err = dependency(value)
	default:
		return fmt.Errorf("unknown knob %q; the knobs are %s", name, strings.Join(knobNames, ", "))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// HealthAt returns the value of HEALTH at a time after the start: ok, fail, a status code or one of
// namedFaults.
func (k Knobs) HealthAt(sinceStart time.Duration) string {
	if sinceStart < k.HealthAfter ||
		(k.HealthFailAfter != nil && sinceStart >= *k.HealthFailAfter) {
		return "fail"
	}
	return k.Health
}

func health(value string) (string, error) {
	if value == "ok" || value == "fail" || slices.Contains(namedFaults, value) {
		return value, nil
	}
	if code, err := strconv.Atoi(value); err == nil && code >= 200 && code <= 599 {
		return value, nil
	}
	return "", fmt.Errorf("%q is not ok, fail, a status code from 200 to 599, or one of %s", value,
		strings.Join(namedFaults, ", "))
}

func seconds(value string) (time.Duration, error) {
	number, err := strconv.ParseFloat(value, 64)
	if err != nil || !(number >= 0 && number <= 1e6) {
		return 0, fmt.Errorf("%q is not a number of seconds", value)
	}
	return time.Duration(number * float64(time.Second)), nil
}

// optionalSeconds returns nil, which means never, for an empty value.
func optionalSeconds(value string) (*time.Duration, error) {
	if value == "" {
		return nil, nil
	}
	duration, err := seconds(value)
	return &duration, err
}

func ratio(value string) (float64, error) {
	number, err := strconv.ParseFloat(value, 64)
	if err != nil || math.IsNaN(number) || number < 0 || number > 1 {
		return 0, fmt.Errorf("%q is not a ratio from 0 to 1", value)
	}
	return number, nil
}

func count(value string) (int, error) {
	number, err := strconv.Atoi(value)
	if err != nil || number < 0 {
		return 0, fmt.Errorf("%q is not a number of requests", value)
	}
	return number, nil
}

// dependency accepts an empty value, which means no dependency.
func dependency(value string) (string, error) {
	if value == "" {
		return "", nil
	}
	if parsed, err := url.Parse(value); err != nil || parsed.Scheme != "http" || parsed.Host == "" {
		return "", fmt.Errorf("%q is not a URL that begins with http://", value)
	}
	return value, nil
}
