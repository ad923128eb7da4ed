import os

from azure.communication.callautomation import (
    AudioFormat,
    CallAutomationClient,
    CommunicationUserIdentifier,
    MediaStreamingAudioChannelType,
    MediaStreamingContentType,
    MediaStreamingOptions,
    PhoneNumberIdentifier,
    StreamingTransportType,
)

client = CallAutomationClient.from_connection_string(os.environ["ACS_CONNECTION_STRING"])
callback_url = os.environ["APP_URL"] + "/callbacks"


def streaming(start_at_once: bool) -> MediaStreamingOptions:
    return MediaStreamingOptions(
        transport_url=os.environ["GATEWAY_URL"],
        transport_type=StreamingTransportType.WEBSOCKET,
        content_type=MediaStreamingContentType.AUDIO,
        audio_channel_type=MediaStreamingAudioChannelType.UNMIXED,  # or .MIXED
        audio_format=AudioFormat.PCM16_K_MONO,  # or .PCM24_K_MONO
        start_media_streaming=start_at_once,
    )


def answer(incoming_call_context: str, start_at_once: bool = True) -> str | None:
    call = client.answer_call(incoming_call_context, callback_url, media_streaming=streaming(start_at_once))
    return call.call_connection_id


def call_phone(number: str, start_at_once: bool = True) -> str | None:
    call = client.create_call(
        PhoneNumberIdentifier(number),
        callback_url,
        source_caller_id_number=PhoneNumberIdentifier(os.environ["ACS_PHONE_NUMBER"]),
        media_streaming=streaming(start_at_once),
    )
    return call.call_connection_id


def call_user(user_id: str, start_at_once: bool = True) -> str | None:
    call = client.create_call(
        CommunicationUserIdentifier(user_id), callback_url, media_streaming=streaming(start_at_once)
    )
    return call.call_connection_id


def start_streaming(call_connection_id: str) -> None:
    """After CallConnected, if the stream was not started at once."""
    client.get_call_connection(call_connection_id).start_media_streaming(operation_context="start")


def stop_streaming(call_connection_id: str) -> None:
    client.get_call_connection(call_connection_id).stop_media_streaming(operation_context="stop")
