"""What the fleet raises: one root, subclasses only where somebody catches them."""


class FleetError(Exception):
    """Something the operator, a page or a gate asked for cannot be done; the message names the next step."""


class NotFoundError(FleetError):
    """The named region, venue, gate, token or person is not in the database; pages answer 404."""


class ConflictError(FleetError):
    """The request contradicts what the database holds already; nothing was changed; pages answer 409."""


class RefusedError(FleetError):
    """A credential or a certificate request is not believed; nothing was changed; EST answers 400 or 401."""
