"""The offline desk: makes root and trust keys, says what it would sign, signs. No server imports it."""
