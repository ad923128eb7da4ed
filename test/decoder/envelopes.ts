/** Audio messages in every kind of envelope that the scanner reads without help, each with a little valid data. */

const data = '"data":"AAECAwQFBgcICQoLDA0ODw=="';
const at = '"timestamp":"2024-11-15T19:16:12.925Z"';
const id = '"participantRawID":"8:acs:1a2b-3c4d_5e6f"';

export const envelopes: readonly (readonly [name: string, message: string])[] = [
  ['as ACS writes it', `{"kind":"AudioData","audioData":{${at},${id},${data},"silent":false}}`],
  ['silent', `{"kind":"AudioData","audioData":{${at},${id},${data},"silent":true}}`],
  ['mixed', `{"kind":"AudioData","audioData":{${at},${data},"silent":false}}`],
  ['with a null for an id', `{"kind":"AudioData","audioData":{${at},"participantRawID":null,${data},"silent":false}}`],
  ['with an empty id', `{"kind":"AudioData","audioData":{${at},"participantRawID":"",${data},"silent":false}}`],
  ['without a timestamp', `{"kind":"AudioData","audioData":{${id},${data},"silent":false}}`],
  ['with an offset', `{"kind":"AudioData","audioData":{"timestamp":"2024-11-15T19:16:12+01:30",${id},${data}}}`],
  ['with an empty timestamp', `{"kind":"AudioData","audioData":{"timestamp":"",${id},${data}}}`],
  ['with nothing but data', `{"kind":"AudioData","audioData":{${data}}}`],
  ['the fields in another order', `{"audioData":{"silent":true,${data},${at},${id}},"kind":"AudioData"}`],
  ['the id last', `{"kind":"AudioData","audioData":{${data},"silent":false,${at},"participantRawId":"x"}}`],
  [
    'with white space',
    `\n{ "kind" : "AudioData",\r\n\t"audioData" : {\n ${at} ,\n ${id}, ${data}\t, "silent" : false } }\n`,
  ],
  [
    'with unknown fields',
    `{"v":10,"kind":"AudioData","n":null,"audioData":{"x":"y z",${at},"participantId":"4:+15550100","t":true,${data},` +
      '"silent":false,"f":false,"i":640},"e":""}',
  ],
  ['of empty data', `{"kind":"AudioData","audioData":{${at},${id},"data":"","silent":true}}`],
];

/** Bytes that mean something to JSON, to base64, to a number, to a mask, or to nobody. */
export const tellingBytes: readonly number[] = [
  ...Buffer.from('"\\{}[],: /+-=09aAzZT~.'),
  0,
  0x0a,
  0x1f,
  0x7f,
  0x80,
  0xff,
];
