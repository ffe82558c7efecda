package config

// DefaultAgentsPort is where a relay listens for agents.
const DefaultAgentsPort = "4443"

// DefaultWebAddr is where the local API listens, or at the next free port.
const DefaultWebAddr = "127.0.0.1:4040"

// own are the keys of an option that is adit's: the same in both versions of the file.
func own(key string) []string { return []string{key} }

// agentOptions are the settings of the program: adit's own first, then ngrok's that mean the same, then those that are only read. Default is what adit
// does by itself, so that a key which asks for just that is no cause for a notice.
var agentOptions = []Option{
	{Name: "relay", V2: own("relay"), V3: own("relay"), check: checkRelay,
		Usage: "relay to use, `HOST:PORT`; without one, a relay starts inside adit and its URLs work on this machine"},
	{Name: "relay-pin", V2: own("relay_pin"), V3: own("relay_pin"), check: checkPin, Usage: "the relay's `PIN`, sha256:…, as it prints it at its start"},
	{Name: "relay-ca", V2: own("relay_ca"), V3: own("relay_ca"), Usage: "`FILE` of certificate authorities that may vouch for the relay (PEM)"},
	{Name: "authtoken", V2: own("authtoken"), V3: own("authtoken"), Secret: true, check: checkToken, Usage: "`TOKEN` for the relay"},
	{Name: "state-dir", V2: own("state_dir"), V3: own("state_dir"), Usage: "`DIR` for keys, slots and captures"},
	{Name: "give-up", V2: own("give_up"), V3: own("give_up"), Kind: Duration, Default: "0s",
		Usage: "end with exit code 4 after `DURATION` without a relay, such as 30s (default: never)"},
	{Name: "legs", V2: own("legs"), V3: own("legs"), Kind: Integer, Default: "1", Values: []string{"1", "2", "3", "4"},
		Usage: "connections to the relay, `N` of 1 to 4; a crowd of visitors makes it more by itself (default 1)"},
	{Name: "no-tui", V2: own("no_tui"), V3: own("no_tui"), Kind: Bool, Usage: "print lines instead of the dashboard"},

	{Name: "web-addr", V2: own("web_addr"), V3: own("web_addr"), Default: DefaultWebAddr, check: checkWeb,
		Usage: "`HOST:PORT` of the local API, or false (default 127.0.0.1:4040, or the next free port)"},
	{Name: "web-allow-hosts", Hidden: true, V2: own("web_allow_hosts"), V3: own("web_allow_hosts"), Kind: Strings,
		Usage: "further Host names that the local API answers to: a name, an address, .suffix or a CIDR"},
	{Name: "web-password", V2: own("web_password"), V3: own("web_password"), Secret: true, check: checkPassword,
		Usage: "`PASSWORD` that the local API and its page ask for, 8 to 128 characters (default: none)"},
	{Name: "log", V2: own("log"), V3: own("log"), Usage: "where logs go: stderr, stdout, false or a `FILE` (default stderr; none under the dashboard)"},
	{Name: "log-level", V2: own("log_level"), V3: own("log_level"), Default: "info", Values: []string{"debug", "info", "warn", "error", "crit"},
		Usage: "`LEVEL`: debug, info, warn, error or crit (default info)"},
	{Name: "log-format", V2: own("log_format"), V3: own("log_format"), Default: "term", Values: []string{"term", "logfmt", "json"},
		Usage: "`FORMAT`: logfmt, json, or term, which is logfmt where no terminal is (default term)"},
	{Name: "log-max-size", V2: own("log_max_size"), V3: own("log_max_size"), Kind: Integer, Default: "10", check: checkCount,
		Usage: "`MIB` after which a log file is set aside for a new one, three are kept; 0: never (default 10)"},
	{Name: "ready-file", V2: own("ready_file"), V3: own("ready_file"),
		Usage: "`FILE` to write when all endpoints are up, with their URLs (JSON); it goes away with adit"},
	{Name: "url-file", V2: own("url_file"), V3: own("url_file"),
		Usage: "`FILE` to write when all endpoints are up, one URL a line; it goes away with adit"},
	{Name: "console-ui", Hidden: true, V2: own("console_ui"), V3: own("console_ui"), Default: "iftty", Values: []string{"true", "false", "iftty"},
		Usage: "ngrok's word for no_tui: false prints lines, true and iftty show the dashboard where there is a terminal"},
	{Name: "no-inspect", V2: own("no_inspect"), V3: own("no_inspect"), Kind: Bool, Default: "false", Usage: "record nothing of any endpoint"},
	{Name: "capture-memory-only", V2: own("capture.memory_only"), V3: own("capture.memory_only"), Kind: Bool, Default: "false",
		Usage: "keep what is recorded in memory until adit ends, and none of it on the disk"},
	{Name: "capture-max-size", Hidden: true, V2: own("capture.max_size"), V3: own("capture.max_size"), Default: "1gib", check: checkSize,
		Usage: "what the recorded may take on the disk, such as 500mb or 2gib; the oldest goes first, what is pinned stays"},
	{Name: "capture-max-age", Hidden: true, V2: own("capture.max_age"), V3: own("capture.max_age"), Default: "30d", check: checkAge,
		Usage: "how long it is kept, such as 12h or 30d; what is pinned stays"},
	{Name: "capture-redact-headers", Hidden: true, V2: own("capture.redact.headers"), V3: own("capture.redact.headers"), Kind: Strings, check: checkRedactedField,
		Usage: "names of header fields and trailers whose values are never recorded, such as Authorization"},
	{Name: "capture-redact-json", Hidden: true, V2: own("capture.redact.json"), V3: own("capture.redact.json"), Kind: Strings, check: checkJSONPath,
		Usage: "values in JSON content that are never recorded, such as $.card.number or $.items[*].token"},
	{Name: "inspect-db-size", Hidden: true, V2: own("inspect_db_size"), V3: own("inspect_db_size"), Kind: Integer, Default: "0",
		Usage: "-1 turns recording off for all endpoints; other sizes are adit's own choice"},

	{Name: "proxy-url", Hidden: true, V2: own("proxy_url"), V3: own("proxy_url"), Standing: Later, Usage: "proxy on the way to the relay"},
	{Name: "connect-interface", Hidden: true, V2: own("connect_interface"), V3: own("connect_interface"), Standing: Later,
		Usage: "network interface for the connection to the relay"},
	{Name: "dns-resolver-ips", Hidden: true, V2: own("dns_resolver_ips"), V3: own("dns_resolver_ips"), Kind: Strings, Standing: Later,
		Usage: "name servers instead of the system's"},

	{Name: "connect-url", Hidden: true, V2: []string{"server_addr", "connect_url"}, V3: []string{"connect_url", "server_addr"}, Standing: Ignored,
		Usage: "names ngrok's servers; adit's key is relay"},
	{Name: "connect-cas", Hidden: true, V2: []string{"root_cas", "connect_cas"}, V3: []string{"connect_cas", "root_cas"}, Standing: Ignored,
		Usage: "vouches for ngrok's servers; adit's key is relay_ca"},
	{Name: "region", V2: own("region"), V3: own("region"), Standing: Ignored, Usage: "`REGION` of ngrok's servers"},
	{Name: "api-key", Hidden: true, V2: own("api_key"), V3: own("api_key"), Secret: true, Standing: Ignored, Usage: "key for ngrok's own API"},
	{Name: "connect-timeout", Hidden: true, V2: own("connect_timeout"), V3: own("connect_timeout"), Kind: Duration, Standing: Ignored,
		Usage: "adit has a limit of its own (docs/reliability.md)"},
	{Name: "heartbeat-interval", Hidden: true, V2: own("heartbeat_interval"), V3: own("heartbeat_interval"), Kind: Duration, Standing: Ignored,
		Usage: "adit proves the link in its own way (docs/reliability.md)"},
	{Name: "heartbeat-tolerance", Hidden: true, V2: own("heartbeat_tolerance"), V3: own("heartbeat_tolerance"), Kind: Duration, Standing: Ignored,
		Usage: "likewise"},
	{Name: "console-ui-color", Hidden: true, V2: own("console_ui_color"), V3: own("console_ui_color"), Default: "transparent",
		Values: []string{"black", "transparent"}, Standing: Ignored, Usage: "the dashboard keeps the terminal's background"},
	{Name: "crl-noverify", Hidden: true, V2: own("crl_noverify"), V3: own("crl_noverify"), Kind: Bool, Default: "false", Standing: Ignored, Usage: "of ngrok's certificates"},
	{Name: "crl-url", Hidden: true, V2: own("crl_url"), V3: own("crl_url"), Standing: Ignored, Usage: "of ngrok's certificates"},
	{Name: "local-storage", Hidden: true, V2: own("local_storage"), V3: own("local_storage"), Kind: Object, Standing: Ignored, Usage: "of ngrok's inspector"},
	{Name: "session-metadata", Hidden: true, V2: own("metadata"), V3: own("metadata"), Standing: Ignored, Usage: "shown in ngrok's dashboard; an endpoint's metadata is kept",
		check: atMost(4096)},
	{Name: "remote-management", Hidden: true, V2: own("remote_management"), V3: own("remote_management"), Kind: Bool, Default: "false", Standing: Ignored,
		Usage: "nobody manages adit from elsewhere"},
	{Name: "update-channel", Hidden: true, V2: own("update_channel"), V3: own("update_channel"), Values: []string{"stable", "beta", "unstable"},
		Standing: Ignored, Usage: "adit does not update itself"},
	{Name: "update-check", Hidden: true, V2: own("update_check"), V3: own("update_check"), Kind: Bool, Default: "false", Standing: Ignored, Usage: "likewise"},
	{Name: "update", Hidden: true, V2: own("update"), V3: own("update"), Kind: Bool, Default: "false", Standing: Ignored, Usage: "likewise"},
}
