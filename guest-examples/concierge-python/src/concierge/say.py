"""The contract's types for what this bot says and does."""

from collections.abc import Sequence

from wit_world.imports.actions import (
    Action,
    Action_HandOff,
    Action_Note,
    Action_Respond,
    Action_Tag,
    Action_TypingStart,
    Action_TypingStop,
    Attachment,
    Attachment_ListPicker,
    Button,
    Button_Postback,
    ListChoice,
    ListMessage,
    ListPicker,
    ListSection,
    Postback,
    Response,
)

from concierge.settings import Treatment
from concierge.understand import Wish


def text(text: str) -> Action:
    """Say a text."""
    return _respond(text)


def with_buttons(text: str, buttons: dict[str, Wish]) -> Action:
    """Say a text, with a button for each wish."""
    return _respond(text, buttons=[Button_Postback(Postback(label, str(wish))) for label, wish in buttons.items()])


def with_treatments(invitation: str, treatments: Sequence[Treatment]) -> Action:
    """Offer the treatments as a list picker.

    Where the network has none the host shows a numbered list with buttons in its place.
    """
    choices = [ListChoice(choice.id, choice.title, choice.subtitle, media=None) for choice in treatments]
    picker = ListPicker(
        request_message=_bubble("Our treatments", "Tap to choose"),
        response_message=_bubble("Your choice", "Thank you"),
        sections=[ListSection(id="treatments", title="Treatments", multiple_selection=False, choices=choices)],
    )
    return _respond(invitation, attachment=Attachment_ListPicker(picker))


def while_typing(answer: Action) -> list[Action]:
    """Show "is writing" around an answer; where the network cannot, the host leaves that out.

    Sending a message does not end the indicator, so it is ended too.
    """
    return [Action_TypingStart(), answer, Action_TypingStop()]


def note(text: str) -> Action:
    """Write a note that only agents see."""
    return Action_Note(text)


def hand_off(comment: str) -> Action:
    """Give the conversation to an agent, with a comment that agents see."""
    return Action_HandOff(comment)


def tag(number: int | None) -> list[Action]:
    """Put the operator's tag on the conversation, where there is one."""
    return [] if number is None else [Action_Tag([str(number)])]


def _respond(text: str, buttons: Sequence[Button] = (), attachment: Attachment | None = None) -> Action:
    return Action_Respond(Response(text, list(buttons), attachment, extras=[]))


def _bubble(title: str, subtitle: str) -> ListMessage:
    return ListMessage(title, subtitle, media=None, style=None)
