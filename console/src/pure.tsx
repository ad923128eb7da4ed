/** A component that is drawn again only when one of its properties is another one: what updates bring is, what scrolling brings is not. */
import { Component, type FunctionComponent } from 'preact';

export function pure<P extends object>(Inner: FunctionComponent<P>) {
  return class Pure extends Component<P> {
    override shouldComponentUpdate(next: P): boolean {
      return Object.keys(next).some((name) => next[name as keyof P] !== this.props[name as keyof P]);
    }

    override render() {
      return <Inner {...(this.props as P)} />;
    }
  };
}
