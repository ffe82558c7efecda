package config

// NgrokFiles are the places where ngrok keeps its configuration file on this system, the present one first, then that of its version 2. Without a home there are
// none.
func NgrokFiles(goos string, env Env) []string {
	var places []string
	add := func(path string, err error) {
		if err == nil {
			places = append(places, path)
		}
	}
	home := env("HOME")
	if goos == "windows" {
		home = env("USERPROFILE")
	}
	add(fileOf("ngrok", goos, env))
	add(under(home, ".ngrok2", "ngrok.yml"))
	return places
}
