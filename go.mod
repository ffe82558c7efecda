module github.com/adit-tunnel/adit

go 1.26
