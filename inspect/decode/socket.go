package decode

func socketText(answer, content []byte) []byte { return nil }
