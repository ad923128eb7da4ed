import com.azure.communication.callautomation.CallAutomationClient;
import com.azure.communication.callautomation.CallAutomationClientBuilder;
import com.azure.communication.callautomation.models.AnswerCallOptions;
import com.azure.communication.callautomation.models.AudioFormat;
import com.azure.communication.callautomation.models.CallInvite;
import com.azure.communication.callautomation.models.CreateCallOptions;
import com.azure.communication.callautomation.models.MediaStreamingAudioChannel;
import com.azure.communication.callautomation.models.MediaStreamingOptions;
import com.azure.communication.callautomation.models.StartMediaStreamingOptions;
import com.azure.communication.callautomation.models.StopMediaStreamingOptions;
import com.azure.communication.callautomation.models.StreamingTransport;
import com.azure.communication.common.CommunicationUserIdentifier;
import com.azure.communication.common.PhoneNumberIdentifier;
import com.azure.core.util.Context;

public final class StreamToGateway {
    private final CallAutomationClient client =
        new CallAutomationClientBuilder().connectionString(System.getenv("ACS_CONNECTION_STRING")).buildClient();
    private final String callbackUrl = System.getenv("APP_URL") + "/callbacks";

    private static MediaStreamingOptions streaming(boolean startAtOnce) {
        return new MediaStreamingOptions(MediaStreamingAudioChannel.UNMIXED, StreamingTransport.WEBSOCKET) // or MIXED
            .setTransportUrl(System.getenv("GATEWAY_URL"))
            .setAudioFormat(AudioFormat.PCM_16K_MONO) // or PCM_24K_MONO
            .setStartMediaStreaming(startAtOnce); // false if you leave it out
    }

    public String answer(String incomingCallContext, boolean startAtOnce) {
        AnswerCallOptions options = new AnswerCallOptions(incomingCallContext, callbackUrl)
            .setMediaStreamingOptions(streaming(startAtOnce));
        return client.answerCallWithResponse(options, Context.NONE)
            .getValue().getCallConnectionProperties().getCallConnectionId();
    }

    public String call(String target, boolean startAtOnce) {
        CallInvite invite = target.startsWith("+")
            ? new CallInvite(new PhoneNumberIdentifier(target), new PhoneNumberIdentifier(System.getenv("ACS_PHONE_NUMBER")))
            : new CallInvite(new CommunicationUserIdentifier(target));
        CreateCallOptions options = new CreateCallOptions(invite, callbackUrl)
            .setMediaStreamingOptions(streaming(startAtOnce));
        return client.createCallWithResponse(options, Context.NONE)
            .getValue().getCallConnectionProperties().getCallConnectionId();
    }

    /** After CallConnected, if the stream was not started at once. */
    public void startStreaming(String callConnectionId) {
        client.getCallConnection(callConnectionId).getCallMedia()
            .startMediaStreamingWithResponse(new StartMediaStreamingOptions().setOperationContext("start"), Context.NONE);
    }

    public void stopStreaming(String callConnectionId) {
        client.getCallConnection(callConnectionId).getCallMedia()
            .stopMediaStreamingWithResponse(new StopMediaStreamingOptions().setOperationContext("stop"), Context.NONE);
    }
}
