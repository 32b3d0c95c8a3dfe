/** What is searched: the best of all prompts made of these parts, at adding numbers. */
const parts = [
  'You are a calculator.',
  'Think step by step.',
  'Answer with only the number.',
  'Be polite.',
  'Explain your answer.',
]

const questions = [
  ['2+2', '4'],
  ['7+15', '22'],
  ['120+45', '165'],
  ['99+1+30', '130'],
]

/** Every selection of the parts, in their order. */
export const candidates = Array.from({ length: 2 ** parts.length }, (_, bits) =>
  parts.filter((_, at) => (bits >> at) % 2 === 1).join(' '),
)

/** The share of questions a model answers rightly with a prompt, less a little for each word of it. */
export async function scoreOf(prompt, model) {
  let right = 0
  for (const [question, answer] of questions) {
    if ((await model(prompt, question)).trim() === answer) right += 1
  }
  return right / questions.length - prompt.split(' ').length / 1000
}
