// Prints as JSON what Nodemailer's parser makes of the messages named. Usage: node read.mjs FILE…
import { readFileSync } from "node:fs";
import { simpleParser } from "mailparser";

const read = async (file) => {
  const mail = await simpleParser(readFileSync(file), { skipHtmlToText: true, skipTextToHtml: true });
  return {
    subject: mail.subject,
    from: mail.from.value,
    replyTo: mail.replyTo?.value ?? [],
    id: mail.messageId,
    inReplyTo: mail.inReplyTo ?? null,
    references: [mail.references ?? []].flat(),
    names: mail.headerLines.map((line) => line.key),
    text: mail.text,
    html: mail.html,
    files: mail.attachments.map((a) => ({ name: a.filename, type: a.contentType, size: a.size, md5: a.checksum })),
  };
};
console.log(JSON.stringify(await Promise.all(process.argv.slice(2).map(read))));
