"""The MQTT broker: the access table rendered for it, and the embedded one started, reloaded and stopped."""
