package config

import "path/filepath"

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
	switch dir := env("XDG_CONFIG_HOME"); {
	case goos == "darwin":
		add(under(home, "Library", "Application Support", "ngrok", "ngrok.yml"))
	case goos == "windows":
		add(under(env("LOCALAPPDATA"), "ngrok", "ngrok.yml"))
		home = env("USERPROFILE")
	case filepath.IsAbs(dir):
		add(filepath.Join(dir, "ngrok", "ngrok.yml"), nil)
	default:
		add(under(home, ".config", "ngrok", "ngrok.yml"))
	}
	add(under(home, ".ngrok2", "ngrok.yml"))
	return places
}
