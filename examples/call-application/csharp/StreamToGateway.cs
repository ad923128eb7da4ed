using System;
using System.Threading.Tasks;
using Azure.Communication;
using Azure.Communication.CallAutomation;

public sealed class StreamToGateway
{
    private readonly CallAutomationClient client = new CallAutomationClient(Setting("ACS_CONNECTION_STRING"));
    private readonly Uri callback = new Uri(Setting("APP_URL") + "/callbacks");

    private static string Setting(string name) =>
        Environment.GetEnvironmentVariable(name) ?? throw new InvalidOperationException(name + " is not set");

    private static MediaStreamingOptions Streaming(bool startAtOnce) =>
        new MediaStreamingOptions(MediaStreamingAudioChannel.Unmixed) // or .Mixed
        {
            TransportUri = new Uri(Setting("GATEWAY_URL")),
            AudioFormat = AudioFormat.Pcm16KMono, // or .Pcm24KMono
            StartMediaStreaming = startAtOnce, // nothing starts by itself if you leave this out
        };

    public async Task<string> AnswerAsync(string incomingCallContext, bool startAtOnce = true)
    {
        var options = new AnswerCallOptions(incomingCallContext, callback) { MediaStreamingOptions = Streaming(startAtOnce) };
        AnswerCallResult result = (await client.AnswerCallAsync(options)).Value;
        return result.CallConnectionProperties.CallConnectionId;
    }

    public async Task<string> CallAsync(string target, bool startAtOnce = true)
    {
        CallInvite invite = target.StartsWith("+")
            ? new CallInvite(new PhoneNumberIdentifier(target), new PhoneNumberIdentifier(Setting("ACS_PHONE_NUMBER")))
            : new CallInvite(new CommunicationUserIdentifier(target));
        var options = new CreateCallOptions(invite, callback) { MediaStreamingOptions = Streaming(startAtOnce) };
        CreateCallResult result = (await client.CreateCallAsync(options)).Value;
        return result.CallConnectionProperties.CallConnectionId;
    }

    // After CallConnected, if the stream was not started at once.
    public Task StartStreamingAsync(string callConnectionId) =>
        client.GetCallConnection(callConnectionId).GetCallMedia()
            .StartMediaStreamingAsync(new StartMediaStreamingOptions { OperationContext = "start" });

    public Task StopStreamingAsync(string callConnectionId) =>
        client.GetCallConnection(callConnectionId).GetCallMedia()
            .StopMediaStreamingAsync(new StopMediaStreamingOptions { OperationContext = "stop" });
}
